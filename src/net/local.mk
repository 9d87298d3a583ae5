noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = src/net/net.h src/net/net_int.h \
	src/net/loop.c \
	src/net/session.c \
	src/net/local.c
NET_LIBS = src/net/libnet.a $(BASE_LIBS) $(UV_LIBS) $(SSH2_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)
