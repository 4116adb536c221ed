# SPDX-License-Identifier: MIT
# cmake -DDIST=DIR -DNONE=FILE -DOUT=FILE -P embed.cmake: the files of a built page as a table in C, compressed. Without an
# index.html in DIR it is the one page NONE, which says so. A name in DIR/assets changes with what is in it.

find_program(gzip gzip REQUIRED)
set(types html "text/html\; charset=utf-8" js "text/javascript\; charset=utf-8" mjs "text/javascript\; charset=utf-8"
    css "text/css\; charset=utf-8" svg image/svg+xml png image/png webp image/webp ico image/x-icon woff2 font/woff2
    json application/json webmanifest application/manifest+json txt "text/plain\; charset=utf-8")

function(type_of path out)
  string(REGEX REPLACE ".*\\." "" ending "${path}")
  list(FIND types "${ending}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${path}: no type is known for files like this")
  endif()
  math(EXPR at "${at} + 1")
  list(GET types ${at} type)
  set(${out} "${type}" PARENT_SCOPE)
endfunction()

if(EXISTS ${DIST}/index.html)
  file(GLOB_RECURSE paths RELATIVE ${DIST} ${DIST}/*)
  list(FILTER paths EXCLUDE REGEX "\\.map$")
  list(SORT paths)
  set(base ${DIST})
else()
  set(paths index.html)
  get_filename_component(base ${NONE} DIRECTORY)
endif()

set(bytes "")
set(table "")
set(number 0)
foreach(path IN LISTS paths)
  set(file ${base}/${path})
  if(NOT EXISTS ${DIST}/index.html)
    set(file ${NONE})
  endif()
  if(NOT path MATCHES "^[A-Za-z0-9._/-]+$")
    message(FATAL_ERROR "${path}: not a name that is put into a program")
  endif()
  execute_process(COMMAND ${gzip} -9nc ${file} OUTPUT_FILE ${OUT}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${OUT}.gz hex HEX)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  type_of(${path} type)
  set(hashed false)
  if(path MATCHES "^assets/")
    set(hashed true)
  endif()
  string(APPEND bytes "static const uint8_t f${number}[] = {${hex}};\n")
  string(APPEND table "    {\"/${path}\", \"${type}\", \"\\\"${hash}\\\"\", ${hashed}, f${number}, sizeof f${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE ${OUT}.gz)
file(WRITE ${OUT} "// SPDX-License-Identifier: MIT\n// Made by cmake/embed.cmake.\n#include \"host/web/asset.h\"\n\n"
     "${bytes}\nconst struct plk_asset plk_assets[] = {\n${table}};\n"
     "const size_t plk_asset_count = sizeof plk_assets / sizeof plk_assets[0];\n")
