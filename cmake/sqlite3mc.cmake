# SPDX-License-Identifier: MIT
# The target `sqlite3mc`: SQLite3 Multiple Ciphers out of a cache that all presets share, or the system's SQLite.

add_library(sqlite3mc INTERFACE)
if(PLK_SYSTEM_SQLITE)
  pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
  target_compile_definitions(sqlite3mc INTERFACE PLK_SYSTEM_SQLITE=1)
  target_link_libraries(sqlite3mc INTERFACE PkgConfig::sqlite)
else()
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               ${PROJECT_SOURCE_DIR}/tools/sqlite3mc/build.sh ${PROJECT_SOURCE_DIR}/tools/sqlite3mc/package-lock.json)
  # Not this build's compiler and flags: gcc, clang and every sanitizer share one C library object.
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/sqlite3mc/build.sh
                  OUTPUT_VARIABLE sqlite3mc_dir OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE sqlite3mc_result)
  if(NOT sqlite3mc_result EQUAL 0)
    message(FATAL_ERROR "SQLite3 Multiple Ciphers could not be built (the reason is above)")
  endif()
  find_package(Threads REQUIRED)
  target_include_directories(sqlite3mc SYSTEM INTERFACE ${sqlite3mc_dir}/include)
  target_link_libraries(sqlite3mc INTERFACE ${sqlite3mc_dir}/lib/libsqlite3mc.a Threads::Threads m)
endif()
