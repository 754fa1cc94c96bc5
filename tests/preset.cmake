# Configures, builds and tests the project once more, by another of its presets, in a folder of its own.
# Arguments: preset, source, work, jobs.

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY "${source}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run("${CMAKE_COMMAND}" --preset ${preset} -B "${work}")
run("${CMAKE_COMMAND}" --build "${work}" --parallel ${jobs})
# Not by its test preset: where the folder of the preset exists, ctest would take that one.
set(ENV{NONLIN_TEST_POINTS} 2000)
run("${CMAKE_CTEST_COMMAND}" --test-dir "${work}" --parallel ${jobs} --output-on-failure --no-tests=error)
