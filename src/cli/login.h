/* login.h: what of this login could end or hide a release: for `check`. */
#ifndef FOOTPLATE_CLI_LOGIN_H
#define FOOTPLATE_CLI_LOGIN_H

/* Warn on stderr where logging out would kill the engine (KillUserProcesses of systemd-logind without
 * lingering), and where others share the configuration but not the store. */
void login_warn(const char *config_dir, const char *store_dir);

#endif
