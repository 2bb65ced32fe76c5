#include "weir/stores/open_store.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "weir/stores/file_store.h"

namespace weir::stores {
namespace {

struct Scheme {
  std::string_view name;
  std::string_view component;
};

// Stores that come as targets of their own: weir::Main is handed their components.
constexpr std::array<Scheme, 6> kElsewhere = {{{"s3", "s3"},
                                               {"hdfs", "hdfs"},
                                               {"webhdfs", "hdfs"},
                                               {"kafka", "kafka"},
                                               {"postgres", "postgres"},
                                               {"postgresql", "postgres"}}};

}  // namespace

StatusOr<std::unique_ptr<env::BlobStore>> OpenStore(const env::Env& env, const std::string& uri) {
  std::string path = uri;
  if (const size_t end = uri.find("://"); end != std::string::npos) {
    const std::string scheme = uri.substr(0, end);
    path = uri.substr(end + 3);
    const auto known = std::ranges::find(kElsewhere, scheme, &Scheme::name);
    if (known != kElsewhere.end()) {
      return InvalidArgumentError(
          "this program has no store for ", scheme, ":// — link weir::", known->component,
          " and pass weir::", known->component, "::Component() to weir::Main: ", uri);
    }
    if (scheme != "file") {
      return InvalidArgumentError("unknown kind of store '", scheme,
                                  "'; write a path or file:///path: ", uri);
    }
    if (!path.starts_with('/')) {
      return InvalidArgumentError("a file URI has three slashes, file:///path: ", uri);
    }
  }
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty()) return InvalidArgumentError("the checkpoint directory is empty");
  return std::make_unique<FileStore>(env.files, env.pool, env.random, env.chaos, std::move(path));
}

}  // namespace weir::stores
