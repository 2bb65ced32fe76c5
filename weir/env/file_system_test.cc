#include "weir/env/file_system.h"

#include <gtest/gtest.h>

namespace weir::env {
namespace {

TEST(DirectoryOf, IsWhatComesBeforeTheLastPart) {
  EXPECT_EQ(DirectoryOf("/a/b"), "/a");
  EXPECT_EQ(DirectoryOf("/a/b/"), "/a");
  EXPECT_EQ(DirectoryOf("/a//b"), "/a");
  EXPECT_EQ(DirectoryOf("/a"), "/");
  EXPECT_EQ(DirectoryOf("/"), "/");
  EXPECT_EQ(DirectoryOf("a/b"), "a");
  EXPECT_EQ(DirectoryOf("a"), ".");
  EXPECT_EQ(DirectoryOf("a/"), ".");
  EXPECT_EQ(DirectoryOf(""), ".");
}

TEST(JoinPath, PutsOneSlashBetween) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

// Gives one byte at a time, and an error at byte 5.
class Trickle final : public ReadableFile {
 public:
  StatusOr<size_t> Read(uint64_t offset, char* buffer, size_t) const override {
    if (offset == 5) return UnavailableError("read: input/output error");
    *buffer = static_cast<char>('a' + offset);
    return size_t{1};
  }
  StatusOr<uint64_t> Size() const override { return uint64_t{10}; }
};

TEST(ReadExactly, ContinuesShortReadsAndPassesErrorsOn) {
  EXPECT_EQ(*ReadExactly(Trickle(), 1, 4), "bcde");
  EXPECT_EQ(ReadExactly(Trickle(), 1, 5).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace weir::env
