#include "weir/checkpoint/job_files.h"

#include <gtest/gtest.h>

namespace weir::checkpoint {
namespace {

const PackName kName{base::Epoch(3),      base::Attempt(1),      base::CheckpointId(17),
                     base::ChainIndex(0), base::SubtaskIndex(2), 0xC0FFEE};

TEST(PackName, ReadsWhatItWrites) {
  EXPECT_EQ(kName.ToString(), "data/3-1-17-0.2-0000000000c0ffee.pack");
  EXPECT_EQ(PackName::Parse(kName.ToString()), kName);
}

TEST(PackName, OneNameHasOneText) {
  for (const char* text :
       {"", "data/", "data/3-1-17-0.2-0000000000c0ffee", "3-1-17-0.2-0000000000c0ffee.pack",
        "data/03-1-17-0.2-0000000000c0ffee.pack", "data/3-1-17-0.2-c0ffee.pack",
        "data/3-1-17-0.2-0000000000C0FFEE.pack", "data/3-1-17-0-0000000000c0ffee.pack",
        "data/../3-1-17-0.2-0000000000c0ffee.pack", "data/-3-1-17-0.2-0000000000c0ffee.pack",
        "data/99999999999999999999-1-17-0.2-0000000000c0ffee.pack",
        "data/3-1-17-0.2-0000000000c0ffee.pack.pack"}) {
    EXPECT_FALSE(PackName::Parse(text)) << text;
  }
}

TEST(RecordFileName, SortsAsItsNumber) {
  EXPECT_EQ(RecordFileName(base::HistoryNumber(17)), "00000000000000000017.json");
  EXPECT_EQ(ParseRecordFileName("00000000000000000017.json"), base::HistoryNumber(17));
  EXPECT_EQ(RecordFileName(base::HistoryNumber(UINT64_MAX)), "18446744073709551615.json");
  EXPECT_EQ(ParseRecordFileName("18446744073709551615.json"), base::HistoryNumber(UINT64_MAX));
  EXPECT_LT(RecordFileName(base::HistoryNumber(99)), RecordFileName(base::HistoryNumber(100)));
}

TEST(RecordFileName, NothingElseIsARecord) {
  for (const char* text : {"", "17.json", "00000000000000000000.json", "0000000000000000001x.json",
                           "00000000000000000017.json~", "99999999999999999999.json"}) {
    EXPECT_FALSE(ParseRecordFileName(text)) << text;
  }
}

TEST(CheckPathPart, NamesThatLeaveTheirFolderAreRefused) {
  EXPECT_TRUE(CheckPathPart("job", "ledger-2_b.c").ok());
  EXPECT_TRUE(CheckPathPart("job", std::string(100, 'a')).ok());
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string(".tmp"), std::string("a/b"),
        std::string("a b"), std::string("ä"), std::string(101, 'a')}) {
    EXPECT_EQ(CheckPathPart("job", name).code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST(JobFiles, EverythingLiesBelowTheJob) {
  const JobFiles files("ledger");
  EXPECT_EQ(files.JobFile(), "ledger/job.json");
  EXPECT_EQ(files.Record(base::HistoryNumber(1)), "ledger/history/00000000000000000001.json");
  EXPECT_EQ(files.Blob(kName.ToString()), "ledger/data/3-1-17-0.2-0000000000c0ffee.pack");
  EXPECT_EQ(files.Savepoint("v1"), "ledger/savepoints/v1.json");
}

}  // namespace
}  // namespace weir::checkpoint
