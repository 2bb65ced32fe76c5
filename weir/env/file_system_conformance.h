// The suite that every env::FileSystem passes: POSIX and the simulated disk. What happens in a
// crash is tested in sim.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "weir/env/file_system.h"

namespace weir::env {

class FileSystemWorld {
 public:
  virtual ~FileSystemWorld() = default;
  virtual FileSystem& files() = 0;
  /// An empty directory.
  virtual std::string root() = 0;
};

class FileSystemConformance
    : public testing::TestWithParam<std::unique_ptr<FileSystemWorld> (*)()> {
 protected:
  using Existing = FileSystem::Existing;

  std::string Path(std::string_view name) { return JoinPath(world_->root(), name); }

  void Write(std::string_view name, std::string_view text) {
    auto file = files_.Create(Path(name), Existing::kTruncate);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append(text).ok());
    ASSERT_TRUE((*file)->Sync().ok());
    ASSERT_TRUE((*file)->Close().ok());
  }

  std::string Read(std::string_view name) {
    const auto file = files_.Open(Path(name));
    if (!file.ok()) return file.status().ToString();
    const auto text = ReadExactly(**file, 0, static_cast<size_t>(*(*file)->Size()));
    return text.ok() ? *text : text.status().ToString();
  }

  StatusCode CodeOfOpen(std::string_view name) { return files_.Open(Path(name)).status().code(); }

  const std::unique_ptr<FileSystemWorld> world_ = GetParam()();
  FileSystem& files_ = world_->files();
};

TEST_P(FileSystemConformance, WhatWasAppendedIsRead) {
  auto file = files_.Create(Path("f"), Existing::kFail);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE((*file)->Append("one ").ok());
  EXPECT_TRUE((*file)->Append("").ok());
  EXPECT_TRUE((*file)->Append("two").ok());
  EXPECT_EQ(Read("f"), "one two");  // before Sync and Close: it is in the page cache
  EXPECT_TRUE((*file)->Sync().ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(files_.Stat(Path("f"))->bytes, 7u);
  EXPECT_FALSE(files_.Stat(Path("f"))->is_directory);
}

TEST_P(FileSystemConformance, ReadsAtOffsetsAndStopsAtTheEnd) {
  Write("f", "0123456789");
  const auto file = files_.Open(Path("f"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(*ReadExactly(**file, 3, 4), "3456");
  EXPECT_EQ(*ReadExactly(**file, 10, 0), "");
  EXPECT_EQ(ReadExactly(**file, 8, 3).status().code(), StatusCode::kOutOfRange);
  char byte = 0;
  EXPECT_EQ(*(*file)->Read(10, &byte, 1), 0u);
  EXPECT_EQ(*(*file)->Read(11, &byte, 1), 0u);
  EXPECT_EQ(*(*file)->Size(), 10u);
}

TEST_P(FileSystemConformance, CreateFailsOrTruncatesWhatExists) {
  Write("f", "old");
  EXPECT_EQ(files_.Create(Path("f"), Existing::kFail).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Read("f"), "old");
  Write("f", "new one");
  EXPECT_EQ(Read("f"), "new one");
}

TEST_P(FileSystemConformance, WhatIsMissingIsNotFound) {
  EXPECT_EQ(CodeOfOpen("f"), StatusCode::kNotFound);
  EXPECT_EQ(files_.Create(Path("no/f"), Existing::kFail).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Stat(Path("f")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.List(Path("no")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Link(Path("f"), Path("g")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Rename(Path("f"), Path("g")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Remove(Path("f")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.SyncDirectory(Path("no")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.TryLock(Path("no/lock"), "me").status().code(), StatusCode::kNotFound);
}

TEST_P(FileSystemConformance, MessagesNameDeedPathAndReason) {
  EXPECT_EQ(files_.Open(Path("f")).status().message(),
            "open " + Path("f") + ": no such file or directory");
}

TEST_P(FileSystemConformance, AFileIsNotADirectoryAndADirectoryNoFile) {
  Write("f", "text");
  ASSERT_TRUE(files_.MakeDirectories(Path("d")).ok());
  const StatusCode wrong = StatusCode::kInvalidArgument;
  EXPECT_EQ(CodeOfOpen("f/g"), wrong);
  EXPECT_EQ(CodeOfOpen("d"), wrong);
  EXPECT_EQ(files_.List(Path("f")).status().code(), wrong);
  EXPECT_EQ(files_.MakeDirectories(Path("f")).code(), wrong);
  EXPECT_EQ(files_.MakeDirectories(Path("f/g")).code(), wrong);
  EXPECT_EQ(files_.Create(Path("d"), Existing::kTruncate).status().code(), wrong);
  EXPECT_EQ(files_.SyncDirectory(Path("f")).code(), wrong);
  EXPECT_TRUE(files_.Stat(Path("d"))->is_directory);
}

TEST_P(FileSystemConformance, ListIsSorted) {
  for (const char* name : {"b", "a", ".hidden", "c"}) Write(name, "");
  ASSERT_TRUE(files_.MakeDirectories(Path("dir/below")).ok());
  EXPECT_EQ(*files_.List(world_->root()),
            (std::vector<std::string>{".hidden", "a", "b", "c", "dir"}));
  EXPECT_EQ(*files_.List(Path("dir")), (std::vector<std::string>{"below"}));
}

TEST_P(FileSystemConformance, LinkGivesASecondNameAndReplacesNothing) {
  Write("f", "text");
  Write("taken", "other");
  EXPECT_TRUE(files_.Link(Path("f"), Path("g")).ok());
  EXPECT_EQ(files_.Link(Path("f"), Path("taken")).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(files_.Remove(Path("f")).ok());
  EXPECT_EQ(Read("g"), "text");
  EXPECT_EQ(Read("taken"), "other");
}

TEST_P(FileSystemConformance, RenameMovesAndReplaces) {
  Write("f", "new");
  Write("g", "old");
  ASSERT_TRUE(files_.MakeDirectories(Path("d")).ok());
  EXPECT_TRUE(files_.Rename(Path("f"), Path("g")).ok());
  EXPECT_EQ(CodeOfOpen("f"), StatusCode::kNotFound);
  EXPECT_TRUE(files_.Rename(Path("g"), Path("d/h")).ok());
  EXPECT_EQ(CodeOfOpen("g"), StatusCode::kNotFound);
  EXPECT_EQ(Read("d/h"), "new");
}

TEST_P(FileSystemConformance, ARemovedFileIsReadToItsEndByWhoHasItOpen) {
  Write("f", "text");
  const auto file = files_.Open(Path("f"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(files_.Remove(Path("f")).ok());
  EXPECT_EQ(CodeOfOpen("f"), StatusCode::kNotFound);
  EXPECT_EQ(*ReadExactly(**file, 0, 4), "text");
}

TEST_P(FileSystemConformance, DirectoriesAreMadeWithThoseAbove) {
  EXPECT_TRUE(files_.MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(files_.MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(files_.MakeDirectories(Path("a/b/d/")).ok());
  EXPECT_EQ(*files_.List(Path("a/b")), (std::vector<std::string>{"c", "d"}));
  EXPECT_TRUE(files_.SyncDirectory(Path("a/b")).ok());
}

TEST_P(FileSystemConformance, ALockHasOneHolderWhoSaysWhoItIs) {
  auto held = files_.TryLock(Path("lock"), "process 17");
  ASSERT_TRUE(held.ok()) << held.status();
  const Status second = files_.TryLock(Path("lock"), "process 18").status();
  EXPECT_EQ(second.code(), StatusCode::kUnavailable);
  EXPECT_EQ(second.message(), "lock " + Path("lock") + ": held by process 17");
  held->reset();
  EXPECT_TRUE(files_.TryLock(Path("lock"), "me").ok());
}

}  // namespace weir::env
