# How Weir is compiled: one dialect, one set of warnings, no trace of the building machine in what is built.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(WEIR_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough)
if(WEIR_WERROR)
  list(APPEND WEIR_WARNINGS -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  list(APPEND WEIR_WARNINGS -Wthread-safety)
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND WEIR_WARNINGS -Wno-restrict -Wno-missing-field-initializers)  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651)
endif()

# No path of this machine in debug information, messages or assertions.
add_compile_options(
  "-ffile-prefix-map=${PROJECT_BINARY_DIR}=build"
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")

if(WEIR_NATIVE)
  add_compile_options(-march=native)
endif()

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# mold links a test binary in a fraction of ld's time; gcc 12 and clang 16 both know it by name.
find_program(WEIR_MOLD mold)
mark_as_advanced(WEIR_MOLD)
if(WEIR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# ccache, told that a precompiled header is known by its content.
find_program(WEIR_CCACHE ccache)
mark_as_advanced(WEIR_CCACHE)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WEIR_CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
else()
  add_compile_options(-fpch-preprocess)
endif()

function(weir_warnings target)
  target_compile_options(${target} PRIVATE ${WEIR_WARNINGS})
endfunction()
