# What is installed: headers as they lie, static libraries, and the package that find_package(Weir) reads.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Not part of weir::weir: what only tests link. weir::testing is passed explicitly.
set(WEIR_NOT_CORE sim testing)

function(weir_install_module target name)
  install(TARGETS ${target} EXPORT WeirTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  foreach(header IN LISTS ARGN)
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weir/${name}/${folder})
  endforeach()
endfunction()

# weir::weir, the one target that a user links, and weir::testing.
function(weir_umbrella)
  get_property(modules GLOBAL PROPERTY WEIR_MODULE_NAMES)
  add_library(weir_weir INTERFACE)
  add_library(weir::weir ALIAS weir_weir)
  set_target_properties(weir_weir PROPERTIES EXPORT_NAME weir)
  target_compile_features(weir_weir INTERFACE cxx_std_20)
  target_include_directories(weir_weir INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(module IN LISTS modules)
    if(NOT module IN_LIST WEIR_NOT_CORE)
      weir_target_of(target ${module})
      target_link_libraries(weir_weir INTERFACE ${target})
    endif()
  endforeach()
  install(TARGETS weir_weir EXPORT WeirTargets)
  if(TARGET weir_testing)
    add_library(weir_testing_public INTERFACE)
    add_library(weir::testing ALIAS weir_testing_public)
    set_target_properties(weir_testing_public PROPERTIES EXPORT_NAME testing)
    target_link_libraries(weir_testing_public INTERFACE weir_weir weir_testing)
    install(TARGETS weir_testing_public EXPORT WeirTargets)
  endif()
  install(FILES ${PROJECT_SOURCE_DIR}/weir/weir.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weir OPTIONAL)
endfunction()

function(weir_install_package)
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/Weir)
  get_property(packages GLOBAL PROPERTY WEIR_PACKAGES)
  list(REMOVE_DUPLICATES packages)
  list(SORT packages)
  set(WEIR_FIND_DEPENDENCIES "")
  foreach(package IN LISTS packages)
    string(APPEND WEIR_FIND_DEPENDENCIES "find_dependency(${package})\n")
  endforeach()
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/WeirConfig.cmake.in
    ${PROJECT_BINARY_DIR}/WeirConfig.cmake INSTALL_DESTINATION ${folder})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/WeirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/WeirConfig.cmake ${PROJECT_BINARY_DIR}/WeirConfigVersion.cmake
    DESTINATION ${folder})
  install(EXPORT WeirTargets NAMESPACE weir:: DESTINATION ${folder})
endfunction()
