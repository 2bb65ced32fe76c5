#include "weir/cli/completion.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::cli {
namespace {

// The texts that are offered for a line whose last word is being written.
std::vector<std::string> Offered(std::vector<std::string> words) {
  const std::vector<OptionSpec> program = {
      {.name = "--input", .value = "TEXT", .help = "where to read"},
      {.name = "--loud", .value = "", .help = "", .takes = OptionSpec::Takes::kFlag}};
  CompletionOptions options;
  options.words = std::move(words);
  options.program_options = program;
  options.checkpoints = [] {
    return std::vector<Candidate>{{"latest", ""}, {"251", ""}, {"250", ""}};
  };
  std::vector<std::string> texts;
  for (const Candidate& candidate : CandidatesFor(options)) texts.push_back(candidate.text);
  return texts;
}

using Texts = std::vector<std::string>;

bool Has(const Texts& texts, const std::string& text) {
  return std::ranges::find(texts, text) != texts.end();
}

TEST(Completion, Commands) {
  EXPECT_EQ(Offered({"ch"}), Texts{"checkpoints"});
  EXPECT_EQ(Offered({"nothing"}), Texts{});
  Texts all;
  for (const CommandSpec& command : Commands()) all.push_back(command.name);
  all.insert(all.end(), {"--help", "--version"});
  EXPECT_EQ(Offered({""}), all);
}

TEST(Completion, OptionsOwnAndTheProgramsOnceEach) {
  EXPECT_EQ(Offered({"run", "--fr"}), (Texts{"--fresh", "--from"}));
  EXPECT_EQ(Offered({"run", "--in"}), (Texts{"--insecure", "--input"}));
  EXPECT_EQ(Offered({"run", "--fresh", "--fr"}), Texts{"--from"});
  EXPECT_TRUE(Has(Offered({"run", "-D", "a=b", "-"}), "-D")) << "may be repeated";
  EXPECT_FALSE(Has(Offered({"plan", "-"}), "--fresh"));
}

TEST(Completion, ValuesOfOptions) {
  EXPECT_EQ(Offered({"run", "--progress", ""}), (Texts{"auto", "line", "json", "none"}));
  EXPECT_EQ(Offered({"run", "--progress", "j"}), Texts{"json"});
  EXPECT_EQ(Offered({"run", "--from", "25"}), (Texts{"251", "250"}));
  EXPECT_EQ(Offered({"run", "--loud", "--fre"}), Texts{"--fresh"}) << "a flag takes no value";
  EXPECT_EQ(Offered({"run", "--input", ""}), Texts{}) << "files";
}

TEST(Completion, ValuesBehindAnEqualsSign) {
  EXPECT_EQ(Offered({"plan", "--output=s"}), Texts{"--output=svg"});
  EXPECT_EQ(Offered({"plan", "--output", "=", "s"}), Texts{"svg"}) << "as bash splits it";
  EXPECT_EQ(Offered({"plan", "--output", "="}), (Texts{"text", "dot", "json", "svg"}));
  EXPECT_EQ(Offered({"plan", "--nothing=s"}), Texts{});
}

TEST(Completion, Settings) {
  EXPECT_EQ(Offered({"run", "-D", "execution.checkpointing.inter"}),
            Texts{"execution.checkpointing.interval="});
  EXPECT_EQ(Offered({"run", "-D", "execution.checkpointing.interval", "=", "5"}), Texts{});
}

TEST(Completion, WordsAndCheckpoints) {
  EXPECT_EQ(Offered({"checkpoints", "s"}), (Texts{"show", "size"}));
  EXPECT_EQ(Offered({"checkpoints", "show", ""}), (Texts{"latest", "251", "250"}));
  EXPECT_EQ(Offered({"checkpoints", "--output", "json", "verify", "l"}), Texts{"latest"});
  EXPECT_EQ(Offered({"checkpoints", "list", ""}), Texts{});
  EXPECT_EQ(Offered({"checkpoints", "show", "251", ""}), Texts{});
  EXPECT_EQ(Offered({"completion", ""}), (Texts{"bash", "zsh", "fish"}));
}

TEST(Completion, OddLines) {
  EXPECT_EQ(Offered({"=", ""}), Texts{});
  EXPECT_EQ(Offered({"run", "=", "="}), Texts{});
  EXPECT_EQ(Offered({"unknown", "--fr"}), Texts{});
}

TEST(CompletionScript, IsNamedAfterTheProgram) {
  for (const Shell shell : {Shell::kBash, Shell::kZsh, Shell::kFish}) {
    const std::string script = CompletionScript(shell, "./build/my-clicks.bin");
    EXPECT_NE(script.find("_weir_my_clicks_bin"), std::string::npos) << script;
    EXPECT_NE(script.find(" my-clicks.bin"), std::string::npos) << script;
    EXPECT_EQ(script.find("build/"), std::string::npos) << script;
  }
}

}  // namespace
}  // namespace weir::cli
