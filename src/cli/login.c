/* login.c: reads a few files of this machine; asks no service. */
#include "config.h"

#include "cli/login.h"

#include <glob.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"

/* What a file says of KillUserProcesses: 1, 0, or -1 for nothing. */
static int kill_setting(const char *path)
{
    static const char key[] = "KillUserProcesses";
    char line[512];
    FILE *f = fopen(path, "re");
    int answer = -1;

    while (f && fgets(line, sizeof line, f)) {
        const char *p = line + strspn(line, " \t");

        if (strncmp(p, key, strlen(key)) != 0)
            continue;
        p += strlen(key);
        p += strspn(p, " \t");
        if (*p++ != '=')
            continue;
        p += strspn(p, " \t");
        answer = strncmp(p, "yes", 3) == 0 || strncmp(p, "true", 4) == 0 ||
                 strncmp(p, "on", 2) == 0 || *p == '1';
    }
    if (f)
        fclose(f);
    return answer;
}

/* The main file, then the drop-ins in order: the last one that speaks counts. */
static bool logind_kills(void)
{
    static const char *const patterns[] = {
        "/etc/systemd/logind.conf", "/usr/lib/systemd/logind.conf.d/*.conf",
        "/run/systemd/logind.conf.d/*.conf", "/etc/systemd/logind.conf.d/*.conf"};
    int answer = 0;

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        glob_t found;

        if (glob(patterns[i], 0, NULL, &found) == 0) {
            for (size_t k = 0; k < found.gl_pathc; k++) {
                int says = kill_setting(found.gl_pathv[k]);

                answer = says >= 0 ? says : answer;
            }
        }
        globfree(&found);
    }
    return answer == 1;
}

static bool has_linger(const char *user)
{
    char *path = xasprintf("/var/lib/systemd/linger/%s", user);
    struct stat st;
    bool is_there = stat(path, &st) == 0;

    free(path);
    return is_there;
}

void login_warn(const char *config_dir, const char *store_dir)
{
    struct passwd *pw = getpwuid(getuid());
    struct stat config, store;

    if (pw && pw->pw_uid != 0 && logind_kills() && !has_linger(pw->pw_name))
        cli_say("logging out ends the engine (KillUserProcesses); `loginctl enable-linger` keeps it");
    if (stat(config_dir, &config) != 0 || stat(store_dir, &store) != 0)
        return;
    if ((config.st_uid != getuid() || (config.st_mode & S_IWGRP)) && !(store.st_mode & S_IRWXG))
        cli_say("the configuration %s is shared, the store %s is private: others will not see your "
                "releases; `store:` names a shared folder", config_dir, store_dir);
}
