#include "peers.hpp"

namespace peers {

template <class T>
std::vector<Entry<T>>& entries() {
  static std::vector<Entry<T>> all;
  return all;
}
template std::vector<Entry<float>>& entries();
template std::vector<Entry<double>>& entries();

void add(const char* peer, const char* function, Direction direction, Make<float> make) {
  entries<float>().push_back({peer, function, direction, std::move(make)});
}
void add(const char* peer, const char* function, Direction direction, Make<double> make) {
  entries<double>().push_back({peer, function, direction, std::move(make)});
}

std::vector<std::string>& versions() {
  static std::vector<std::string> all;
  return all;
}
void add_version(const std::string& version) { versions().push_back(version); }

}  // namespace peers
