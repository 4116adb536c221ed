# SPDX-License-Identifier: MIT
# Tests, fuzz targets and benchmarks: one program a file. A test that exits 77 is skipped.

enable_testing()
set(all_libraries plk_app plk_shared plk_api plk_host plk_sim plk_core)

# plk_add_program(TARGET SOURCE LIBRARIES...): links those of the libraries that exist.
function(plk_add_program target source)
  add_executable(${target} ${source})
  get_filename_component(folder ${source} DIRECTORY)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE plk_flags_hosted)
  foreach(library ${ARGN})
    if(TARGET ${library})
      target_link_libraries(${target} PRIVATE ${library})
    endif()
  endforeach()
endfunction()

# plk_add_test(NAME LABEL TIMEOUT COMMAND...)
function(plk_add_test name label timeout)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout})
  if(NOT PLK_SKIP_FAILS)
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
  endif()
endfunction()

if(PLK_TESTS)
  pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)

  # tests/support/*.c: what several tests share.
  file(GLOB support_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/*.c)
  plk_add_library(plk_support plk_flags_hosted ${support_sources})
  if(TARGET plk_support)
    target_include_directories(plk_support PUBLIC ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(plk_support PUBLIC plk_core PkgConfig::cmocka)
  endif()

  # tests/unit/FOLDER/MODULE_test.c is unit.FOLDER.MODULE and sees the libraries up to its folder's own.
  file(GLOB unit_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/*/*_test.c)
  foreach(source ${unit_sources})
    get_filename_component(module ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" module ${module})
    get_filename_component(folder ${source} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    set(libraries plk_core)
    if(folder MATCHES "^(host|api|app|sim)$")
      set(libraries ${all_libraries})
    endif()
    set(target unit_${folder}_${module})
    plk_add_program(${target} ${source} plk_support ${libraries} PkgConfig::cmocka)
    plk_add_test(unit.${folder}.${module} unit 300 ${target})
  endforeach()

  # tests/vectors/NAME_test.c is vectors.NAME and finds its data in PLK_VECTOR_DIR.
  file(GLOB vector_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/vectors/*_test.c)
  foreach(source ${vector_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    plk_add_program(vectors_${name} ${source} plk_support ${all_libraries} PkgConfig::cmocka)
    target_compile_definitions(vectors_${name} PRIVATE PLK_VECTOR_DIR="${PROJECT_SOURCE_DIR}/tests/vectors")
    plk_add_test(vectors.${name} vectors 120 vectors_${name})
  endforeach()

  # tests/scenario/NAME.c is scenario.NAME; files that begin with _ are shared by all of them.
  file(GLOB scenario_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/scenario/*.c)
  set(scenario_shared ${scenario_sources})
  list(FILTER scenario_shared INCLUDE REGEX "/_[^/]*$")
  list(FILTER scenario_sources EXCLUDE REGEX "/_[^/]*$")
  plk_add_library(plk_scenario plk_flags_hosted ${scenario_shared})
  if(TARGET plk_scenario)
    target_link_libraries(plk_scenario PUBLIC plk_sim PkgConfig::cmocka)
  endif()
  foreach(source ${scenario_sources})
    get_filename_component(name ${source} NAME_WE)
    plk_add_program(scenario_${name} ${source} plk_scenario plk_support plk_sim plk_core PkgConfig::cmocka)
    plk_add_test(scenario.${name} scenario 300 scenario_${name})
  endforeach()

  # plk_add_script(NAME LABEL TIMEOUT COMMAND...): a script that finds the programs in its environment.
  function(plk_add_script name label timeout)
    plk_add_test(${name} ${label} ${timeout} ${ARGN})
    set(environment PLK_SOURCE_DIR=${PROJECT_SOURCE_DIR} PLK_BUILD_DIR=${PROJECT_BINARY_DIR})
    if(TARGET peerlink)
      list(APPEND environment PEERLINK=$<TARGET_FILE:peerlink>)
    endif()
    if(TARGET peerlink-relay)
      list(APPEND environment PEERLINK_RELAY=$<TARGET_FILE:peerlink-relay>)
    endif()
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
  endfunction()

  # tests/process/NAME.{sh,py}: real processes.
  file(GLOB process_scripts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/process/*.sh
       ${PROJECT_SOURCE_DIR}/tests/process/*.py)
  list(FILTER process_scripts EXCLUDE REGEX "/_[^/]*$")
  foreach(script ${process_scripts})
    get_filename_component(name ${script} NAME_WE)
    plk_add_script(process.${name} process 600 ${script})
  endforeach()

  # The lab (docs/design/lab.md): as much of it as fits into a minute, another part with every commit.
  set(lab ${PROJECT_SOURCE_DIR}/tests/lab/lab.py)
  plk_add_script(lab.classes lab 300 ${lab} classes)
  plk_add_script(lab.pairs lab 300 ${lab} pairs --some 6 --wait 5)
  plk_add_script(lab.mappings lab 120 ${lab} mappings)
  plk_add_script(lab.events lab 300 ${lab} events --some 4)
endif()

# The lines of the lab's customers.
add_executable(lab_delay ${PROJECT_SOURCE_DIR}/tests/lab/delay.c)
set_target_properties(lab_delay PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/lab)
target_link_libraries(lab_delay PRIVATE plk_flags_hosted)

# tests/fuzz/NAME_fuzz.c defines LLVMFuzzerTestOneInput. With PLK_FUZZ it becomes a libFuzzer program, in the tests it is
# linked with driver.c, which replays the corpus and a fixed set of mutations of it.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.c)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name ${name})
  set(target fuzz_${name})
  if(PLK_FUZZ)
    plk_add_program(${target} ${source} ${all_libraries})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  elseif(PLK_TESTS)
    plk_add_program(${target} ${source} ${all_libraries})
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/driver.c)
    plk_add_test(fuzz.${name} fuzz 300 ${target} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  endif()
endforeach()

# tests/bench/NAME.c is bench_NAME; those that begin with toxcore_ need the library they measure against.
if(PLK_BENCH)
  pkg_check_modules(toxcore QUIET IMPORTED_TARGET toxcore)
  file(GLOB bench_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/bench/*.c)
  foreach(source ${bench_sources})
    get_filename_component(name ${source} NAME_WE)
    if(name MATCHES "^toxcore_")
      if(TARGET PkgConfig::toxcore)
        plk_add_program(bench_${name} ${source} PkgConfig::toxcore)
      endif()
    else()
      plk_add_program(bench_${name} ${source} ${all_libraries})
    endif()
  endforeach()
endif()
