#include "weir/env/blob_store.h"

#include <gtest/gtest.h>

#include "weir/base/limits.h"

namespace weir::env {
namespace {

TEST(CheckBlobName, TakesPartsOfPlainCharacters) {
  for (const char* name : {"a", "job/history/00000000000000000001.json", "A-z_0.9", "..a/b.."}) {
    EXPECT_TRUE(CheckBlobName(name).ok()) << name;
  }
  EXPECT_TRUE(CheckBlobName(std::string(limits::kBlobNameBytesMax, 'a')).ok());
}

TEST(CheckBlobName, RefusesWhatIsAPathElsewhere) {
  for (const char* name : {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a b", "a\\b",
                           "a\nb", "\xC3\xA4", "a:b", "*"}) {
    EXPECT_EQ(CheckBlobName(name).code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(CheckBlobName(std::string("a\0b", 3)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckBlobName(std::string(limits::kBlobNameBytesMax + 1, 'a')).code(),
            StatusCode::kInvalidArgument);
}

TEST(CheckBlobName, MessageNamesThePart) {
  EXPECT_NE(CheckBlobName("good/b@d").message().find("'b@d' in 'good/b@d'"), std::string::npos);
}

}  // namespace
}  // namespace weir::env
