noinst_LIBRARIES += src/traffic/libtraffic.a
src_traffic_libtraffic_a_SOURCES = src/traffic/traffic.h src/traffic/traffic_int.h \
	src/traffic/haproxy_parse.h \
	src/traffic/traffic.c \
	src/traffic/merge.c \
	src/traffic/set.c \
	src/traffic/haproxy.c \
	src/traffic/haproxy_parse.c \
	src/traffic/none.c
TRAFFIC_LIBS = src/traffic/libtraffic.a $(NET_LIBS) $(CORE_LIBS)

check_PROGRAMS += tests/traffic/test_haproxy_parse
TESTS += tests/traffic/test_haproxy_parse
tests_traffic_test_haproxy_parse_SOURCES = tests/traffic/test_haproxy_parse.c
tests_traffic_test_haproxy_parse_CFLAGS = $(TEST_CFLAGS)
tests_traffic_test_haproxy_parse_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_traffic_test_haproxy_parse_LDADD = $(TRAFFIC_LIBS) $(CHECK_LIBS)

EXTRA_DIST += tests/traffic/balancer.h
check_PROGRAMS += tests/traffic/test_haproxy
TESTS += tests/traffic/test_haproxy
tests_traffic_test_haproxy_SOURCES = tests/traffic/test_haproxy.c
tests_traffic_test_haproxy_CFLAGS = $(TEST_CFLAGS)
tests_traffic_test_haproxy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_traffic_test_haproxy_LDADD = $(TRAFFIC_LIBS) $(CHECK_LIBS)
