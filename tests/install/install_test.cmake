# Installs the build WEIR_BUILD into a fresh prefix, moves it, builds the guide's first job against it as its reader does,
# and runs the program: a package that remembers the place where it was built or first put does not survive the move.

function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what}: ${result}\n${output}")
  endif()
  set(OUTPUT "${output}" PARENT_SCOPE)
endfunction()

set(work ${WEIR_BUILD}/tests/install/work)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})
run("install" ${CMAKE_COMMAND} --install ${WEIR_BUILD} --config ${CONFIG} --prefix ${work}/first)
file(RENAME ${work}/first ${work}/prefix)
run("write the first job's files" ${PYTHON} ${CMAKE_CURRENT_LIST_DIR}/../../tools/check_guide.py
  files first-job ${work}/project)
run("configure" ${CMAKE_COMMAND} -S ${work}/project -B ${work}/build -G Ninja
  -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_PREFIX_PATH=${work}/prefix -D CMAKE_BUILD_TYPE=Debug)
run("build" ${CMAKE_COMMAND} --build ${work}/build)
run("run" ${work}/build/clicks --help)

# No path of the machine that built it, in any installed file.
cmake_path(GET WEIR_BUILD PARENT_PATH source)
cmake_path(GET source PARENT_PATH source)
if(NOT source MATCHES "^/[^/]+/")  # directly below /: its name alone proves nothing
  set(source "${WEIR_BUILD}")
endif()
file(GLOB_RECURSE installed ${work}/prefix/*)
foreach(file IN LISTS installed)
  file(STRINGS ${file} lines REGEX "${source}/" LIMIT_COUNT 1)
  if(lines)
    message(FATAL_ERROR "${file} names the directory where it was built: ${lines}")
  endif()
endforeach()
message(STATUS "the user's program is built and runs")
