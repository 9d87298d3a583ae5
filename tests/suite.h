/* suite.h: runs one Check suite and speaks TAP on standard output. */
#ifndef FOOTPLATE_TESTS_SUITE_H
#define FOOTPLATE_TESTS_SUITE_H

#include <check.h>

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
