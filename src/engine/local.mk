noinst_LIBRARIES += src/engine/libengine.a
src_engine_libengine_a_SOURCES = \
	src/engine/actions.c src/engine/args.c src/engine/args.h src/engine/begin.c \
	src/engine/engine.c src/engine/engine.h src/engine/engine_int.h src/engine/hand.c \
	src/engine/host.c src/engine/opening.c src/engine/opening.h src/engine/prepare.c \
	src/engine/probing.c src/engine/questions.c src/engine/recover.c src/engine/release.c \
	src/engine/rows.c src/engine/start.c src/engine/target.c src/engine/txn.c \
	src/engine/watch.c

# Archives are named in the order in which they need each other.
ENGINE_LIBS = src/engine/libengine.a src/steps/libsteps.a src/traffic/libtraffic.a src/net/libnet.a \
	src/store/libstore.a src/inventory/libinventory.a src/core/libcore.a src/base/libbase.a \
	$(UV_LIBS) $(SSH2_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) \
	$(JANSSON_LIBS) $(PCRE2_LIBS)
