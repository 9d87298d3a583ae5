noinst_LIBRARIES += src/inventory/libinventory.a
src_inventory_libinventory_a_SOURCES = src/inventory/inventory.h src/inventory/packages.h 
INVENTORY_LIBS = src/inventory/libinventory.a $(CORE_LIBS) $(YAML_LIBS) $(JANSSON_LIBS)
