noinst_LIBRARIES += src/traffic/libtraffic.a
src_traffic_libtraffic_a_SOURCES = src/traffic/traffic.h 
TRAFFIC_LIBS = src/traffic/libtraffic.a $(NET_LIBS) 
