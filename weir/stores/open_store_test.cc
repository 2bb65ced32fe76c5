#include "weir/stores/open_store.h"

#include <gtest/gtest.h>

#include "weir/env/posix_env.h"

namespace weir::stores {
namespace {

StatusOr<std::unique_ptr<env::BlobStore>> Open(const std::string& uri) {
  static env::PosixEnv real;
  return OpenStore(real.env(), uri);
}

TEST(OpenStore, PathsAndFileUrisAreFiles) {
  EXPECT_EQ(Open("/var/lib/weir").value()->Describe(), "file:///var/lib/weir");
  EXPECT_EQ(Open("file:///var/lib/weir/").value()->Describe(), "file:///var/lib/weir");
  EXPECT_EQ(Open("checkpoints").value()->Describe(), "file://checkpoints");
  EXPECT_EQ(Open("/").value()->Describe(), "file:///");
}

TEST(OpenStore, AMissingComponentIsNamed) {
  const Status status = Open("s3://bucket/path").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("weir::s3::Component()"), std::string::npos) << status;
}

TEST(OpenStore, NonsenseIsRefusedWithTheCure) {
  EXPECT_NE(Open("ftp://host/x").status().message().find("file:///path"), std::string::npos);
  EXPECT_NE(Open("file://var/x").status().message().find("three slashes"), std::string::npos);
  EXPECT_EQ(Open("").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::stores
