noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = src/net/net.h src/net/net_int.h \
	src/net/loop.c \
	src/net/sign.c src/net/sign.h \
	src/net/session.c \
	src/net/local.c \
	src/net/lookup.c src/net/lookup.h \
	src/net/resolve.c \
	src/net/talk.c \
	src/net/place.c src/net/place.h \
	src/net/names.c src/net/names.h \
	src/net/visit.c src/net/visit.h \
	src/net/curl_pool.c \
	src/net/http.c \
	src/net/connect.c
NET_LIBS = src/net/libnet.a $(BASE_LIBS) $(UV_LIBS) $(SSH2_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)

EXTRA_DIST += tests/net/world.h
check_PROGRAMS += tests/net/test_local tests/net/test_session
TESTS += tests/net/test_local tests/net/test_session
tests_net_test_session_SOURCES = tests/net/test_session.c
tests_net_test_session_CFLAGS = $(TEST_CFLAGS)
tests_net_test_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_session_LDADD = $(NET_LIBS) $(CHECK_LIBS)
tests_net_test_local_SOURCES = tests/net/test_local.c
tests_net_test_local_CFLAGS = $(TEST_CFLAGS)
tests_net_test_local_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_local_LDADD = $(NET_LIBS) $(CHECK_LIBS)

EXTRA_DIST += tests/net/peer.h
check_PROGRAMS += tests/net/test_talk tests/net/test_http
TESTS += tests/net/test_talk tests/net/test_http
tests_net_test_talk_SOURCES = tests/net/test_talk.c
tests_net_test_talk_CFLAGS = $(TEST_CFLAGS)
tests_net_test_talk_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_talk_LDADD = $(NET_LIBS) $(CHECK_LIBS)
tests_net_test_http_SOURCES = tests/net/test_http.c
tests_net_test_http_CFLAGS = $(TEST_CFLAGS)
tests_net_test_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_http_LDADD = $(NET_LIBS) $(CHECK_LIBS)

# ssh
src_net_libnet_a_SOURCES += \
	src/net/ssh_wire.c src/net/ssh_wire.h \
	src/net/ssh_file.c src/net/ssh_file.h \
	src/net/known_hosts.c src/net/known_hosts.h \
	src/net/ssh_key.c src/net/ssh_key.h \
	src/net/ssh_agent.c src/net/ssh_agent.h \
	src/net/ssh_config.c src/net/ssh_config.h \
	src/net/ssh_config_ask.c \
	src/net/ssh_config_share.c src/net/ssh_config_share.h \
	src/net/ssh_glob.c src/net/ssh_glob.h \
	src/net/ssh.c src/net/ssh.h \
	src/net/ssh_conn.c \
	src/net/ssh_dial.c \
	src/net/ssh_jump.c \
	src/net/ssh_offer.c \
	src/net/ssh_open.c \
	src/net/ssh_chan.c \
	src/net/ssh_forecast.c

check_PROGRAMS += tests/net/test_known_hosts tests/net/test_ssh_key
TESTS += tests/net/test_known_hosts tests/net/test_ssh_key
tests_net_test_known_hosts_SOURCES = tests/net/test_known_hosts.c
tests_net_test_known_hosts_CFLAGS = $(TEST_CFLAGS)
tests_net_test_known_hosts_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_known_hosts_LDADD = $(NET_LIBS) $(CHECK_LIBS)
tests_net_test_ssh_key_SOURCES = tests/net/test_ssh_key.c
tests_net_test_ssh_key_CFLAGS = $(TEST_CFLAGS)
tests_net_test_ssh_key_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_ssh_key_LDADD = $(NET_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/net/sshd.h tests/net/client.h
check_PROGRAMS += tests/net/test_ssh
TESTS += tests/net/test_ssh
tests_net_test_ssh_SOURCES = tests/net/test_ssh.c
tests_net_test_ssh_CFLAGS = $(TEST_CFLAGS)
tests_net_test_ssh_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_ssh_LDADD = $(NET_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/net/test_ssh_faults tests/net/test_ssh_slow
TESTS += tests/net/test_ssh_faults tests/net/test_ssh_slow
tests_net_test_ssh_faults_SOURCES = tests/net/test_ssh_faults.c
tests_net_test_ssh_faults_CFLAGS = $(TEST_CFLAGS)
tests_net_test_ssh_faults_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_ssh_faults_LDADD = $(NET_LIBS) $(CHECK_LIBS)
tests_net_test_ssh_slow_SOURCES = tests/net/test_ssh_slow.c
tests_net_test_ssh_slow_CFLAGS = $(TEST_CFLAGS)
tests_net_test_ssh_slow_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_ssh_slow_LDADD = $(NET_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/net/test_ssh_config
TESTS += tests/net/test_ssh_config
tests_net_test_ssh_config_SOURCES = tests/net/test_ssh_config.c
tests_net_test_ssh_config_CFLAGS = $(TEST_CFLAGS)
tests_net_test_ssh_config_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_ssh_config_LDADD = $(NET_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/net/test_connect
TESTS += tests/net/test_connect
tests_net_test_connect_SOURCES = tests/net/test_connect.c
tests_net_test_connect_CFLAGS = $(TEST_CFLAGS)
tests_net_test_connect_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_connect_LDADD = $(NET_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/net/test_names
TESTS += tests/net/test_names
tests_net_test_names_SOURCES = tests/net/test_names.c
tests_net_test_names_CFLAGS = $(TEST_CFLAGS)
tests_net_test_names_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_names_LDADD = $(NET_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/net/hostile.h
check_PROGRAMS += tests/net/test_hostile_http
TESTS += tests/net/test_hostile_http
tests_net_test_hostile_http_SOURCES = tests/net/test_hostile_http.c
tests_net_test_hostile_http_CFLAGS = $(TEST_CFLAGS)
tests_net_test_hostile_http_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_net_test_hostile_http_LDADD = $(NET_LIBS) $(CHECK_LIBS)
