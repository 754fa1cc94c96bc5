// The environment variables of node's process, for getenv in a program built by emscripten.
Module['preRun'] = () => Object.assign(ENV, process.env);
