/* roles.c: the names of the roles, made from the one list. */
#include "config.h"

#include "ui/canvas.h"

#include <string.h>

static const char *const names[ROLE_COUNT] = {
#define X(id, name) [id] = name,
    ROLES(X)
#undef X
};

const char *role_name(enum role r)
{
    return (int)r >= 0 && r < ROLE_COUNT ? names[r] : "?";
}

int role_parse(const char *name)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}
