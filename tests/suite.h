/* suite.h: runs one Check suite and speaks TAP on standard output. */
#ifndef FOOTPLATE_TESTS_SUITE_H
#define FOOTPLATE_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* What hangs is ended after so long; Check's own 4 s are too few for a machine that is busy. A test case that
 * needs more says so itself. Read by tcase_create(), hence set before main(). */
#define SUITE_LIMIT_S "300"

__attribute__((constructor)) static void suite_set_limit(void)
{
    setenv("CK_DEFAULT_TIMEOUT", SUITE_LIMIT_S, 0);
}

/* Check prints TAP itself; the program ends with 0 so that automake's driver counts each test once. */
static inline int suite_run(Suite *s)
{
    SRunner *sr = srunner_create(s);

    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    srunner_free(sr);
    return 0;
}

#endif
