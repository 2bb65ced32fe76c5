// A directory for one test of the real world, gone with everything in it when the test is over.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "weir/base/check.h"
#include "weir/env/posix_file_system.h"

namespace weir::env {

class TestDirectory {
 public:
  TestDirectory() {
    path_ = testing::TempDir() + "weir_XXXXXX";
    WEIR_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TestDirectory() { RemoveAll(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  void RemoveAll(const std::string& directory) {
    const std::vector<std::string> names = *files_.List(directory);
    for (const std::string& name : names) {
      const std::string path = JoinPath(directory, name);
      if (files_.Stat(path)->is_directory) {
        RemoveAll(path);
      } else {
        EXPECT_TRUE(files_.Remove(path).ok());
      }
    }
    EXPECT_EQ(::rmdir(directory.c_str()), 0);
  }

  PosixFileSystem files_;
  std::string path_;
};

}  // namespace weir::env
