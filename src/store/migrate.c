/* migrate.c: brings one file from its version to ours, whole or not at all. Knows no table: the
 * steps are data (schema.c). */
#include "config.h"

#include "store/store_int.h"

#include <stdio.h>

#include "base/failpoint.h"

/* More versions than the history of a program has. */
enum { VERSIONS_MAX = 10000 };

/* The first number that sql answers; -1 on failure. */
static int ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int n = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return n;
}

int schema_version(sqlite3 *db, const struct schema *sc, bool *is_foreign, struct err *e)
{
    int application = ask(db, "PRAGMA application_id");
    int version = ask(db, "PRAGMA user_version");
    int tables = ask(db, "SELECT count(*) FROM sqlite_schema");

    *is_foreign = false;
    if (application == -1 || version == -1 || tables < 0)
        return err_set(e, ERR_IO, "cannot read %s: %s", sc->file, sqlite3_errmsg(db));
    if (application == 0 && version == 0 && tables == 0)
        return 0;
    *is_foreign = application != sc->application_id || version < 1 || version > VERSIONS_MAX;
    if (*is_foreign)
        return err_set(e, ERR_UNAVAILABLE, "%s is a database, but not one of footplate's",
                       sc->file);
    int newest = sc->steps[sc->n_steps - 1].version;
    if (version > newest)
        return err_set(e, ERR_UNAVAILABLE,
                       "%s was written by a newer footplate (schema %d, this program knows %d): "
                       "use that one",
                       sc->file, version, newest);
    return version;
}

/* ERR_FAIL where it is the file's content that stands in the way, not the disk or a lock. */
static int exec(sqlite3 *db, const struct schema *sc, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL) & 0xFF;

    if (rc == SQLITE_OK)
        return 0;
    bool is_odd = rc == SQLITE_ERROR || rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB;
    return err_set(e, is_odd ? ERR_FAIL : ERR_IO, "cannot migrate %s: %s", sc->file,
                   sqlite3_errmsg(db));
}

static int run_steps(sqlite3 *db, const struct schema *sc, int from, struct err *e)
{
    char sql[96];
    int rc = 0;

    for (int i = 0; i < sc->n_steps && rc == 0; i++) {
        if (sc->steps[i].version <= from)
            continue;
        rc = exec(db, sc, sc->steps[i].sql, e);
        FAILPOINT("store:migrate:step");
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d; PRAGMA application_id = %d",
                 sc->steps[i].version, sc->application_id);
        if (rc == 0)
            rc = exec(db, sc, sql, e);
    }
    if (rc == 0 && ask(db, "SELECT count(*) FROM pragma_foreign_key_check") != 0)
        rc = err_set(e, ERR_IO, "cannot migrate %s: rows would point at nothing", sc->file);
    return rc;
}

int schema_migrate(sqlite3 *db, const struct schema *sc, struct err *e)
{
    /* A table that others refer to is rebuilt with the check off; it is made whole at the end. */
    int rc = exec(db, sc, "PRAGMA foreign_keys = OFF", e);

    FAILPOINT("store:migrate:begin");
    if (rc == 0)
        rc = exec(db, sc, "BEGIN IMMEDIATE", e);
    if (rc != 0)
        return rc;
    bool is_foreign = false;
    int from = schema_version(db, sc, &is_foreign, e);
    rc = from < 0 ? from : run_steps(db, sc, from, e);
    FAILPOINT("store:migrate:commit");
    if (rc == 0)
        rc = exec(db, sc, "COMMIT", e);
    if (rc != 0 && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    FAILPOINT("store:migrate:done");
    int on = exec(db, sc, "PRAGMA foreign_keys = ON", rc == 0 ? e : NULL);
    return rc != 0 ? rc : on;
}
