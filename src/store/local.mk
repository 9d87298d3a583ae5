noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = src/store/queue.h src/store/store.h 
STORE_LIBS = src/store/libstore.a $(CORE_LIBS) $(SQLITE_LIBS)
