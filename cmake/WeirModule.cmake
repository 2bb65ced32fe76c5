# The few words in which the CMakeLists.txt of Weir's folders are written.
#
#   weir_module(<name> HEADERS … SOURCES … PROTOS … DEPENDS … LIBRARIES … TESTS … TEST_DEPENDS … TEST_LIBRARIES …)
#   weir_program(<name> SOURCES … DEPENDS … LIBRARIES …)       examples, benchmarks
#   weir_test(<name> SOURCES … DEPENDS … LIBRARIES …)          tests that belong to no module
#   weir_simulation(<name> SOURCES … DEPENDS … LIBRARIES …)    simulation suites: run last, with a budget and a seed
#   weir_fuzzer(<name> SOURCES … DEPENDS … LIBRARIES … CORPUS <folder>)
#
# DEPENDS names modules (base), LIBRARIES third-party libraries (xxhash, fmt).

include(GoogleTest)
set(WEIR_GENERATED ${PROJECT_BINARY_DIR}/generated)
add_custom_target(weir_headers)    # every header compiled alone
add_custom_target(weir_generated)  # everything that is generated, for tools that only read
add_custom_target(weir_lane)       # what the lanes asan and tsan run: tests of base to runtime, simulations
set(WEIR_LANE_MODULES base env record sim state exchange checkpoint stores runtime)

function(weir_target_of out module)
  string(REPLACE "/" "_" flat ${module})
  set(${out} weir_${flat} PARENT_SCOPE)
endfunction()

# A static library from weir/<name>, with its tests.
function(weir_module name)
  cmake_parse_arguments(M "" ""
    "HEADERS;SOURCES;PROTOS;DEPENDS;LIBRARIES;TESTS;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  if(M_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_module(${name}): unknown: ${M_UNPARSED_ARGUMENTS}")
  endif()
  weir_target_of(target ${name})

  if(M_SOURCES OR M_PROTOS)
    set(scope PUBLIC)
    set(library_scope PRIVATE)
    add_library(${target} STATIC ${M_SOURCES})
    weir_warnings(${target})
    weir_protos(${target} ${M_PROTOS})
  else()
    set(scope INTERFACE)
    set(library_scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(weir::${name}-internal ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name}-internal)
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
  foreach(depend IN LISTS M_DEPENDS)
    weir_target_of(depend_target ${depend})
    if(TARGET ${depend_target})
      target_link_libraries(${target} ${scope} ${depend_target})
    else()
      message(WARNING "weir_module(${name}): module ${depend} is not there")
    endif()
  endforeach()
  weir_link(${target} ${library_scope} ${M_LIBRARIES})

  set_property(GLOBAL APPEND PROPERTY WEIR_MODULE_NAMES ${name})
  weir_install_module(${target} ${name} ${M_HEADERS})
  if(WEIR_TESTS)
    weir_check_headers(${target} ${name} ${M_HEADERS})
    if(M_TESTS)
      weir_test(${target}_test SOURCES ${M_TESTS} TARGETS ${target}
        DEPENDS ${M_TEST_DEPENDS} LIBRARIES ${M_LIBRARIES} ${M_TEST_LIBRARIES})
      if(name IN_LIST WEIR_LANE_MODULES)
        add_dependencies(weir_lane ${target}_test)
      endif()
    endif()
  endif()
endfunction()

# Generated from .proto files: compiled without our warnings, included as "weir/<module>/<file>.pb.h".
function(weir_protos target)
  if(NOT ARGN)
    return()
  endif()
  find_package(Protobuf REQUIRED)
  foreach(proto IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${proto})
    string(REGEX REPLACE "\\.proto$" "" stem ${path})
    set(outputs ${WEIR_GENERATED}/${stem}.pb.cc ${WEIR_GENERATED}/${stem}.pb.h)
    add_custom_command(OUTPUT ${outputs}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${WEIR_GENERATED}
      COMMAND protobuf::protoc -I ${PROJECT_SOURCE_DIR} --cpp_out=${WEIR_GENERATED} ${PROJECT_SOURCE_DIR}/${path}
      DEPENDS ${PROJECT_SOURCE_DIR}/${path} VERBATIM)
    set_source_files_properties(${outputs} PROPERTIES GENERATED ON COMPILE_OPTIONS -w SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(${target} PRIVATE ${outputs})
    list(APPEND generated ${outputs})
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${WEIR_GENERATED}>)
  weir_link(${target} PUBLIC protobuf)
  add_custom_target(${target}_generated DEPENDS ${generated})
  add_dependencies(weir_generated ${target}_generated)
endfunction()

# One source per header that includes nothing else: a header that leans on its neighbours does not compile.
function(weir_check_headers target name)
  set(sources "")
  foreach(header IN LISTS ARGN)
    set(source ${PROJECT_BINARY_DIR}/headers/weir/${name}/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"weir/${name}/${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  if(NOT sources)
    return()
  endif()
  add_library(${target}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  weir_warnings(${target}_headers)
  target_link_libraries(${target}_headers PRIVATE ${target})
  add_dependencies(weir_headers ${target}_headers)
endfunction()

function(weir_link_modules target)
  foreach(module IN LISTS ARGN)
    weir_target_of(module_target ${module})
    target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:${module_target}>)
  endforeach()
endfunction()

function(weir_program name)
  cmake_parse_arguments(P "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  weir_warnings(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  weir_link_modules(${name} ${P_DEPENDS})
  foreach(library IN LISTS P_LIBRARIES)
    weir_library(found ${library})
    target_link_libraries(${name} PRIVATE ${found})
  endforeach()
endfunction()

function(weir_test_program name)
  cmake_parse_arguments(T "" "" "SOURCES;TARGETS;DEPENDS;LIBRARIES" ${ARGN})
  weir_program(${name} SOURCES ${T_SOURCES} DEPENDS ${T_DEPENDS} LIBRARIES ${T_LIBRARIES})
  find_package(GTest REQUIRED)
  find_package(Threads REQUIRED)
  target_link_libraries(${name} PRIVATE ${T_TARGETS} GTest::gmock GTest::gtest GTest::gtest_main Threads::Threads)
  if(WEIR_PCH)
    weir_test_pch()
    target_precompile_headers(${name} REUSE_FROM weir_test_pch)
  endif()
endfunction()

# A gtest binary; each of its tests is a test of ctest, run in the repository's root (for golden files).
function(weir_test name)
  if(NOT WEIR_TESTS)
    return()
  endif()
  weir_test_program(${name} ${ARGN})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 300 LABELS unit)
endfunction()

# A gtest binary that plays random worlds. Each of its tests is a process of its own and reads:
#   WEIR_SIM_BUDGET_SECONDS  play fresh seeds until this time is over (a sensible default when nothing is set)
#   WEIR_SIM_SEEDS           play this many seeds instead
#   WEIR_SIM_FIRST_SEED      where the seeds begin
#   WEIR_SIM_SEED            play this seed only
function(weir_simulation name)
  if(NOT WEIR_TESTS)
    return()
  endif()
  weir_test_program(${name} ${ARGN})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 14400 LABELS simulation)
  add_dependencies(weir_lane ${name})
endfunction()

# What all tests include, compiled once.
function(weir_test_pch)
  if(TARGET weir_test_pch)
    return()
  endif()
  add_library(weir_test_pch OBJECT ${PROJECT_SOURCE_DIR}/cmake/test_pch.cc)
  weir_warnings(weir_test_pch)
  target_link_libraries(weir_test_pch PRIVATE GTest::gmock GTest::gtest Threads::Threads)
  target_precompile_headers(weir_test_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/test_pch.h)
endfunction()

# With WEIR_FUZZ a libFuzzer program; otherwise a test that replays the corpus.
function(weir_fuzzer name)
  cmake_parse_arguments(F "" "CORPUS" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(WEIR_FUZZ)
    weir_program(${name} SOURCES ${F_SOURCES} DEPENDS ${F_DEPENDS} LIBRARIES ${F_LIBRARIES})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_property(TARGET ${name} PROPERTY RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
    set_property(GLOBAL APPEND_STRING PROPERTY WEIR_FUZZERS "${name} ${CMAKE_CURRENT_SOURCE_DIR}/${F_CORPUS}\n")
    get_property(fuzzers GLOBAL PROPERTY WEIR_FUZZERS)
    file(WRITE ${PROJECT_BINARY_DIR}/fuzzers.txt "${fuzzers}")
  elseif(WEIR_TESTS)
    weir_program(${name}_replay SOURCES ${F_SOURCES} ${PROJECT_SOURCE_DIR}/cmake/fuzz_replay.cc
      DEPENDS ${F_DEPENDS} LIBRARIES ${F_LIBRARIES})
    add_dependencies(weir_lane ${name}_replay)
    add_test(NAME fuzz.${name}.corpus COMMAND ${name}_replay ${CMAKE_CURRENT_SOURCE_DIR}/${F_CORPUS})
    set_tests_properties(fuzz.${name}.corpus PROPERTIES LABELS unit)
  endif()
endfunction()
