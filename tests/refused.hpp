// Calls that have to throw, and what they have to say.
#pragma once
#include <cctype>
#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include "test.hpp"

// Whether `word` is in the message, not as a part of another word: "x" is not in "dx has 10 elements".
inline bool says(const std::string& message, const std::string& word) {
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = message.find(word); at != std::string::npos; at = message.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !in_word(message[at - 1])) && (end == message.size() || !in_word(message[end])))
      return true;
  }
  return false;
}

// call() throws std::invalid_argument, and its message has all of `parts`.
inline void check_refused(const std::function<void()>& call, std::initializer_list<const char*> parts) {
  std::string message;
  try {
    call();
  } catch (const std::invalid_argument& e) {
    message = e.what();
  }
  CAPTURE(message);
  CHECK_FALSE(message.empty());
  for (const char* part : parts) {
    INFO("must name " << part);
    CHECK(says(message, part));
  }
}
