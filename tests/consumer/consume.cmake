# Configures, builds and runs the project in project/, which gets nonlin the given way.
# Arguments: way, source (of nonlin), version, work (a folder of its own), generator, compiler.

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

if(way STREQUAL "plain")
  run("${compiler}" -std=c++20 -Wall -Wextra -Werror -I "${source}/include"
      "${CMAKE_CURRENT_LIST_DIR}/project/main.cpp" -o "${work}/main")
  run("${work}/main")
  return()
endif()

set(common -G "${generator}" "-DCMAKE_CXX_COMPILER=${compiler}")
if(way STREQUAL "find_package")
  run("${CMAKE_COMMAND}" ${common} -S "${source}" -B "${work}/nonlin"
      -DNONLIN_BUILD_TESTS=OFF -DNONLIN_BUILD_BENCH=OFF -DNONLIN_BUILD_EXAMPLES=OFF)
  run("${CMAKE_COMMAND}" --install "${work}/nonlin" --prefix "${work}/prefix")
endif()

run("${CMAKE_COMMAND}" ${common} -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${work}/build"
    -DWAY=${way} -DVERSION=${version}
    "-DCMAKE_PREFIX_PATH=${work}/prefix"             # where find_package finds it
    "-DNONLIN_SOURCE=${source}"                      # what add_subdirectory adds
    "-DFETCHCONTENT_SOURCE_DIR_NONLIN=${source}")    # what FetchContent takes instead of the network
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")

# What the consumer installs is the consumer.
run("${CMAKE_COMMAND}" --install "${work}/build" --prefix "${work}/installed")
file(GLOB_RECURSE installed RELATIVE "${work}/installed" "${work}/installed/*")
if(NOT installed STREQUAL "bin/consumer")
  message(FATAL_ERROR "the consumer installed ${installed}")
endif()
