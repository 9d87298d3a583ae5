/* ssh_glob.c: `*` and `?`. It knows no lists and no negation. */
#include "config.h"

#include "net/ssh_glob.h"

/* Goes back to the last star only. */
bool glob_match(const char *s, const char *pattern, size_t n)
{
    const char *star_s = NULL;
    size_t i = 0, star = 0;

    while (*s) {
        if (i < n && pattern[i] == '*') {
            star = ++i;
            star_s = s;
        } else if (i < n && (pattern[i] == '?' || pattern[i] == *s)) {
            i++;
            s++;
        } else if (star_s) {
            i = star;
            s = ++star_s;
        } else {
            return false;
        }
    }
    while (i < n && pattern[i] == '*')
        i++;
    return i == n;
}
