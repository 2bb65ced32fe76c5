#include "weir/api/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "weir/api/pipeline.h"

namespace weir::api {
namespace {

struct Click {
  std::string page;
  int64_t at;
};
WEIR_RECORD(Click, page, at);

class Count : public KeyedProcessFunction<std::string, Click, int64_t> {
 public:
  void ProcessElement(const Click&, Context&, Collector<int64_t>& out) override {
    count_.Update(count_.ValueOr(0) + 1);
    out.Collect(count_.ValueOr(0));
  }

 private:
  ValueState<int64_t> count_{this, "count"};
};

class TwoTypesOfOneName : public Count {
 public:
  void Open(RuntimeContext& runtime) override { runtime.GetListState<int64_t>("count"); }
};

class OpenThrows : public Count {
 public:
  void Open(RuntimeContext&) override { throw std::runtime_error("no such colour"); }
};

Stream<Click> Clicks(Pipeline& p) { return p.FromElements<Click>({{"a", 1}}); }
bool Always(const Click&) { return true; }

// What planning says, with this file's places as "here".
template <class Build>
std::string Say(Build build, const PlanRequest& request = {.cores = 2}) {
  Pipeline p;
  p.Name("clicks");
  build(p);
  const auto plan = p.Plan(request);
  if (plan.ok()) return Picture(plan->graph);
  static const std::regex kPlace(R"([^ \n]*plan_test\.cc:\d+)");
  return std::regex_replace(std::string(plan.status().message()), kPlace, "here");
}

template <class Build>
JobPlan Planned(Build build, const PlanRequest& request = {.cores = 2}) {
  Pipeline p;
  p.Name("clicks");
  build(p);
  return p.Plan(request).value();
}

TEST(Plan, ForwardEdgesOfEqualParallelismMakeOneChain) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Filter(Always).Map("times", &Click::at).Print(); }),
            "[elements ▸ filter ▸ times ▸ print-sink] ×2\n");
}

TEST(Plan, KeysAreHashedAtTheEndOfTheChainBeforeAHashEdge) {
  const JobPlan plan = Planned(
      [](Pipeline& p) { Clicks(p).KeyBy(&Click::page).Process<Count>("per-page").Print(); });
  EXPECT_EQ(Picture(plan.graph), "[elements] ×2 ──hash──▶ [per-page ▸ print-sink] ×2\n");
  EXPECT_EQ(plan.graph.chains[0].operators.back().factory->kind(), "key-by");
  EXPECT_EQ(plan.graph.edges[0].from_operator, 0u);
  ASSERT_EQ(plan.graph.chains[1].input_types.size(), 1u);
  EXPECT_TRUE(plan.graph.chains[1].input_types[0]->SameLayout(TypeOpsOf<Click>()));
}

TEST(Plan, OtherParallelismIsARebalance) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Filter(Always).Print().SetParallelism(1); }),
            "[elements ▸ filter] ×2 ──rebalance──▶ [print-sink] ×1\n");
}

TEST(Plan, KeyByRunsWithWhatItReads) {
  EXPECT_EQ(Say([](Pipeline& p) {
              Clicks(p).SetParallelism(1).KeyBy(&Click::page).Process<Count>("per-page").Print();
            }),
            "[elements] ×1 ──hash──▶ [per-page ▸ print-sink] ×2\n");
}

TEST(Plan, TwoReadersEndAChain) {
  EXPECT_EQ(Say([](Pipeline& p) {
              const Stream<Click> clicks = Clicks(p);
              clicks.Filter(Always).Print();
              clicks.Print().Named("all");
            }),
            "[elements] ×2 ──forward──▶ [filter ▸ print-sink] ×2\n"
            "[elements] ×2 ──forward──▶ [all] ×2\n");
}

TEST(Plan, OneKeyedStreamMayBeReadTwice) {
  EXPECT_EQ(Say([](Pipeline& p) {
              const KeyedStream<std::string, Click> keyed = Clicks(p).KeyBy(&Click::page);
              keyed.Process<Count>("a").Print();
              keyed.Process<Count>("b").Print().Named("other");
            }),
            "[elements] ×2 ──hash──▶ [a ▸ print-sink] ×2\n"
            "[elements] ×2 ──hash──▶ [b ▸ other] ×2\n");
}

TEST(Plan, EdgesGoFromLowerToHigherChains) {
  const JobPlan plan = Planned([](Pipeline& p) {
    const Stream<Click> clicks = Clicks(p);
    clicks.KeyBy(&Click::page).Process<Count>("a").Print();
    clicks.KeyBy(&Click::page).Process<Count>("b").Print().Named("other");
  });
  EXPECT_EQ(plan.graph.chains.size(), 5u);
  for (const runtime::Edge& edge : plan.graph.edges) EXPECT_LT(edge.from, edge.to);
}

TEST(Plan, ParallelismIsTheCommandLinesThenTheProgramsThenTheCores) {
  const auto one = [](Pipeline& p) { Clicks(p).Print(); };
  const auto three = [](Pipeline& p) { p.SetParallelism(3), Clicks(p).Print(); };
  PlanRequest four{.cores = 2};
  ASSERT_EQ(four.config.Set("parallelism.default", "4"), OkStatus());
  EXPECT_EQ(Say(one), "[elements ▸ print-sink] ×2\n");
  EXPECT_EQ(Say(three), "[elements ▸ print-sink] ×3\n");
  EXPECT_EQ(Say(three, four), "[elements ▸ print-sink] ×4\n");
}

TEST(Plan, ManyCoresAreCutToTheKeyGroups) {
  EXPECT_EQ(Say([](Pipeline& p) { p.SetMaxParallelism(4), Clicks(p).Print(); }, {.cores = 64}),
            "[elements ▸ print-sink] ×4\n");
}

TEST(Plan, MaxParallelismIsInheritedUnlessSaid) {
  const auto build = [](Pipeline& p) { Clicks(p).Print(); };
  EXPECT_EQ(Planned(build).graph.max_parallelism, 256u);
  EXPECT_EQ(Planned(build, {.inherited_max_parallelism = 512}).graph.max_parallelism, 512u);
  const auto said = [](Pipeline& p) { p.SetMaxParallelism(128), Clicks(p).Print(); };
  EXPECT_EQ(Planned(said, {.inherited_max_parallelism = 512}).graph.max_parallelism, 128u);
}

TEST(Plan, SettingsOfTheProgramBecomeOptions) {
  using std::chrono::seconds;
  const JobPlan plan = Planned([](Pipeline& p) {
    p.EnableCheckpointing(seconds(5))
        .SetRestartStrategy(FixedDelayRestart(/*attempts=*/3, seconds(1)));
    Clicks(p).Print();
  });
  EXPECT_EQ(plan.options.checkpoints.interval, seconds(5));
  EXPECT_EQ(plan.options.restart, FixedDelayRestart(3, seconds(1)));
}

TEST(Plan, DescriptionSaysOperatorsTypesStatesAndOptions) {
  const JobPlan plan = Planned([](Pipeline& p) {
    p.Option("out", "counts", "");
    Clicks(p).KeyBy(&Click::page).Process<Count>("per-page").Print();
  });
  EXPECT_EQ(plan.description,
            (std::vector<std::string>{
                "job clicks",
                "operator elements: elements makes Click{page: string, at: int64}",
                "operator #1: key-by of elements makes Click{page: string, at: int64}",
                "operator per-page: keyed-process of #1 by hash makes int64",
                "state per-page.count: value state of int64 by string",
                "operator print-sink: print-sink of per-page makes nothing",
                "option out: counts",
            }));
}

TEST(Plan, ParallelismIsInTheGraphsDigestOnly) {
  const auto build = [](Pipeline& p) {
    Clicks(p).KeyBy(&Click::page).Process<Count>("per-page").Print();
  };
  const JobPlan two = Planned(build, {.cores = 2}), again = Planned(build, {.cores = 2}),
                three = Planned(build, {.cores = 3});
  EXPECT_EQ(two.graph.digest, again.graph.digest);
  EXPECT_NE(two.graph.digest, three.graph.digest);
  EXPECT_EQ(two.description, three.description);
}

TEST(Plan, FirstDifferenceIsNamed) {
  const std::vector<std::string> here = {"job a", "operator x", "option n: 1"};
  const std::vector<std::string> there = {"job a", "operator x", "option n: 2", "option m: 3"};
  EXPECT_EQ(FirstDifference(here, here), "");
  EXPECT_EQ(FirstDifference(here, there), "\"option n: 1\" here, \"option n: 2\" there");
  EXPECT_EQ(FirstDifference(std::span(there).first(3), there),
            "\"nothing\" here, \"option m: 3\" there");
}

TEST(Plan, Regression59_TwoPipelinesShareNothing) {
  Pipeline a(OptionValues{{"out", "x"}}), b(OptionValues{{"out", "y"}});
  a.Name("a"), b.Name("b");
  for (Pipeline* p : {&a, &b}) Clicks(*p).Print().Named(p->Option("out", "", ""));
  const JobPlan plan_a = a.Plan().value(), plan_b = b.Plan().value();
  EXPECT_EQ(Picture(plan_a.graph), "[elements ▸ x] ×1\n");
  EXPECT_EQ(Picture(plan_b.graph), "[elements ▸ y] ×1\n");
}

TEST(Plan, ErrorNamesItsPlace) {
  Pipeline p;
  p.Name("clicks");
  const int line = __LINE__ + 1;
  Clicks(p).Print().SetParallelism(0);
  ASSERT_FALSE(p.Plan().ok());
  ASSERT_EQ(p.errors().size(), 1u);
  EXPECT_TRUE(p.errors()[0].place.file.ends_with("plan_test.cc"));
  EXPECT_EQ(p.errors()[0].place.line, static_cast<uint32_t>(line));
}

TEST(Plan, AllErrorsAreReportedTogether) {
  EXPECT_EQ(
      Say([](Pipeline& p) {
        p.SetMaxParallelism(100);
        Clicks(p).Print().SetParallelism(0);
        Clicks(p).Print().Named("");
      }),
      "here: parallelism 0: an operator has at least 1 subtask; leave SetParallelism out for "
      "the job's default\n"
      "pipeline.max-parallelism 100 is not a power of two up to 32768; take 128\n"
      "here: a second elements without a name, after here: give one of them a name with "
      "Named(\"...\"), "
      "positions and output are kept under it\n"
      "here: this print-sink has an empty name: give it one of A-Z, a-z, 0-9, \".\", \"_\" and "
      "\"-\", not beginning "
      "with \".\"");
}

TEST(Plan, FilesOfJson) {
  EXPECT_EQ(Say([](Pipeline& p) { p.ReadJson<Click>("in/*.jsonl").WriteJson("out"); }),
            "[json-source ▸ json-sink] ×2\n");
}

TEST(Plan, FilesOfText) {
  EXPECT_EQ(Say([](Pipeline& p) { p.ReadText("logs/*.txt").WriteText("out"); }),
            "[text-source ▸ text-sink] ×2\n");
  EXPECT_EQ(Say([](Pipeline& p) {
              p.ReadText(TextSourceOptions{.path = "logs", .rate = 5})
                  .Map([](const std::string& line) { return line.size(); })
                  .WriteText(FileSinkOptions{.directory = "out"});
            }),
            "[text-source ▸ map ▸ text-sink] ×2\n");
}

TEST(PlanErrors, PipelineWithoutNameOrSource) {
  Pipeline p;
  EXPECT_EQ(p.Plan().status().message(),
            "the pipeline has no name: give it one with Name(\"...\"), its checkpoints are kept "
            "under it\n"
            "the pipeline reads nothing: begin with a source, such as ReadCsv");
}

TEST(PlanErrors, PipelineNamedTwice) {
  EXPECT_EQ(Say([](Pipeline& p) { p.Name("visits"), Clicks(p).Print(); }),
            "here: the pipeline has the name \"clicks\" from here already: name it once");
}

TEST(PlanErrors, OperatorNamedTwice) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Named("a").Uid("b").Print(); }),
            "here: this elements has the name \"a\" already: name it once");
}

TEST(PlanErrors, EqualNames) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Named("a").Filter("a", Always).Print(); }),
            "here: a second operator named \"a\", after here: state is kept under the name, give "
            "one of them another");
}

TEST(PlanErrors, NameThatIsTheKindOfANamelessOne) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Filter("elements", Always).Print(); }),
            "here: a second operator named \"elements\", after here: state is kept under the name, "
            "give one of them another");
}

TEST(PlanErrors, NameThatCannotBePartOfAFileName) {
  for (const char* name : {"per page", "a/b", ".hidden", "..", "größe"}) {
    EXPECT_EQ(Say([&](Pipeline& p) { Clicks(p).Named(name).Print(); }),
              Concat("here: this elements has the name \"", name,
                     "\": names are parts of file names, take A-Z, a-z, 0-9, \".\", \"_\" and "
                     "\"-\", not beginning with \".\""));
  }
}

TEST(PlanErrors, NameAtAndAboveTheLimit) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Print().Named(std::string(100, 'x')); }),
            "[elements ▸ " + std::string(100, 'x') + "] ×2\n");
  EXPECT_EQ(
      Say([](Pipeline& p) { Clicks(p).Print().Named(std::string(101, 'x')); }),
      "here: this print-sink has a name of 101 letters: names are parts of file names, take at "
      "most 100");
}

TEST(PlanErrors, StateWithoutAName) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).KeyBy(&Click::page).Process<Count>("").Print(); }),
            "here: this keyed-process has an empty name: give it one of A-Z, a-z, 0-9, \".\", "
            "\"_\" and \"-\", not beginning with \".\"");
}

TEST(PlanErrors, ParallelismAboveTheKeyGroups) {
  EXPECT_EQ(
      Say([](Pipeline& p) { Clicks(p).Print().SetParallelism(257); }),
      "here: the parallelism of this print-sink is 257, above the 256 key groups of the job: take "
      "fewer subtasks, or SetMaxParallelism(512) before the job's first run");
  EXPECT_EQ(
      Say([](Pipeline& p) { Clicks(p).Print().SetParallelism(40'000); }),
      "here: the parallelism of this print-sink is 40000, above the 256 key groups of the job: "
      "take fewer subtasks");
  EXPECT_EQ(
      Say([](Pipeline& p) { p.SetParallelism(300), Clicks(p).Print(); }),
      "parallelism.default is 300, above the 256 key groups of the job: take fewer subtasks, or "
      "SetMaxParallelism(512) before the job's first run");
}

TEST(PlanErrors, NobodyReads) {
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).Filter(Always); }),
            "here: nothing reads what this filter makes: end it with a sink, such as Print or "
            "WriteCsv, or remove it");
  EXPECT_EQ(Say([](Pipeline& p) { Clicks(p).KeyBy(&Click::page).Process<Count>("effects-only"); }),
            "[elements] ×2 ──hash──▶ [effects-only] ×2\n");
}

TEST(PlanErrors, UnknownOption) {
  Pipeline p(OptionValues{{"imput", "a"}});
  p.Name("clicks").Option("input", "clicks.csv", "");
  Clicks(p).Print();
  EXPECT_EQ(p.Plan().status().message(), "unknown option \"imput\"; did you mean \"input\"?");
}

TEST(PlanErrors, UnknownSetting) {
  EXPECT_EQ(Say([](Pipeline& p) { p.Set("paralelism.default", "2"), Clicks(p).Print(); }),
            "here: unknown key \"paralelism.default\"; did you mean \"parallelism.default\"?");
}

TEST(PlanErrors, SourceOfAnotherType) {
  EXPECT_EQ(
      Say([](Pipeline& p) {
        p.Read<int64_t>(std::make_shared<connectors::ElementsSource<Click>>(std::vector<Click>()))
            .Print();
      }),
      "here: this elements makes Click{page: string, at: int64}, not int64: write Read<T> with the "
      "source's T");
}

TEST(PlanErrors, StateDeclaredWithTwoTypes) {
  const std::string said = Say([](Pipeline& p) {
    Clicks(p).KeyBy(&Click::page).Process<TwoTypesOfOneName>("per-page").Print();
  });
  EXPECT_NE(said.find("count"), std::string::npos) << said;
  EXPECT_TRUE(said.starts_with("here: ")) << said;
}

TEST(PlanErrors, OpenThatThrows) {
  EXPECT_EQ(Say([](Pipeline& p) {
              Clicks(p).KeyBy(&Click::page).Process<OpenThrows>("per-page").Print();
            }),
            "here: exception in a user function: no such colour");
}

}  // namespace
}  // namespace weir::api
