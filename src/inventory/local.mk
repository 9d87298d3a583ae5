noinst_LIBRARIES += src/inventory/libinventory.a
src_inventory_libinventory_a_SOURCES = \
	src/inventory/inventory.h src/inventory/packages.h \
	src/inventory/selector.h \
	src/inventory/inventory_int.h src/inventory/schema_int.h \
	src/inventory/json_int.h src/inventory/value_int.h \
	src/inventory/expand.c src/inventory/group.c src/inventory/inventory.c \
	src/inventory/json.c src/inventory/json_watch.c \
	src/inventory/keys.c src/inventory/keys_watch.c \
	src/inventory/labels.c src/inventory/packages.c \
	src/inventory/read_watch.c src/inventory/report.c \
	src/inventory/schema.c src/inventory/selector.c \
	src/inventory/source.c src/inventory/value.c \
	src/inventory/value_watch.c src/inventory/yaml.c
INVENTORY_LIBS = src/inventory/libinventory.a $(CORE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS)

dist_man_MANS += doc/footplate-config.5

EXTRA_DIST += tests/inventory/folder.h tests/inventory/manual.sh
TESTS += tests/inventory/manual.sh
inventory_tests = tests/inventory/test_expand tests/inventory/test_inventory \
	tests/inventory/test_manual tests/inventory/test_monitors \
	tests/inventory/test_mutations tests/inventory/test_packages
check_PROGRAMS += $(inventory_tests)
TESTS += $(inventory_tests)

tests_inventory_test_expand_SOURCES = tests/inventory/test_expand.c
tests_inventory_test_expand_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_expand_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_expand_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)

tests_inventory_test_inventory_SOURCES = tests/inventory/test_inventory.c
tests_inventory_test_inventory_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_inventory_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_inventory_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)

tests_inventory_test_manual_SOURCES = tests/inventory/test_manual.c
tests_inventory_test_manual_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_manual_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_manual_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)

tests_inventory_test_monitors_SOURCES = tests/inventory/test_monitors.c
tests_inventory_test_monitors_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_monitors_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_monitors_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)

tests_inventory_test_mutations_SOURCES = tests/inventory/test_mutations.c
tests_inventory_test_mutations_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_mutations_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_mutations_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)

tests_inventory_test_packages_SOURCES = tests/inventory/test_packages.c
tests_inventory_test_packages_CFLAGS = $(TEST_CFLAGS)
tests_inventory_test_packages_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_inventory_test_packages_LDADD = $(INVENTORY_LIBS) $(CHECK_LIBS)
