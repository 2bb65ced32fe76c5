// Finds the visits of each user: clicks that follow one another within a second.
//
//   sessions_by_timer run --input clicks --out sessions --rate 1000
//
// A visit is over when no click has come for a second. Nobody says so: a timer does. Each click
// moves the timer of its user, the last one lets it fire, and OnTimer writes the visit down. Clicks
// and timers are state: kill the job in the middle of a visit, run it again, and the visit is
// whole.
//
// It goes by the clock on the wall, so the result depends on when clicks arrive. Timers that are
// open when the input ends never fire; here it has no end: files that come later are read, too.
#include <weir/weir.h>

#include <cstdint>

struct Click {
  int64_t user;
  int64_t page;
};
WEIR_RECORD(Click, user, page);

struct Session {
  int64_t user;
  int64_t clicks;
  int64_t milliseconds;
};
WEIR_RECORD(Session, user, clicks, milliseconds);

// What is known of a visit that is not over.
struct Visit {
  int64_t clicks;
  int64_t first;  // milliseconds since 1970, as the next
  int64_t last;
};
WEIR_RECORD(Visit, clicks, first, last);

class FindSessions : public weir::KeyedProcessFunction<int64_t, Click, Session> {
 public:
  void ProcessElement(const Click&, Context& ctx, weir::Collector<Session>&) override {
    auto& timers = ctx.Timers();
    const int64_t now = timers.CurrentProcessingTime();
    Visit visit = visit_.ValueOr({0, now, now});
    if (visit.clicks > 0) timers.DeleteProcessingTimeTimer(visit.last + kGapMillis);
    timers.RegisterProcessingTimeTimer(now + kGapMillis);
    visit.clicks += 1;
    visit.last = now;
    visit_.Update(visit);
  }

  void OnTimer(weir::Timestamp, Context& ctx, weir::Collector<Session>& out) override {
    const Visit visit = visit_.ValueOr({});
    out.Collect({ctx.CurrentKey(), visit.clicks, visit.last - visit.first});
    visit_.Clear();
  }

 private:
  static constexpr int64_t kGapMillis = 1000;
  weir::ValueState<Visit> visit_{this, "visit"};
};

int main(int argc, char** argv) {
  return weir::Main(argc, argv, [](weir::Pipeline& p) {
    p.Name("sessions");
    const auto input = p.Option("input", "clicks", "a directory of CSV files with user,page");
    const auto watch = p.Option("watch", true, "files that come later are read, too");
    const auto out = p.Option("out", "sessions", "output directory");
    const auto rate = p.Option("rate", 0u, "clicks a second; 0: as fast as they go");
    p.ReadCsv<Click>(weir::CsvSourceOptions{.path = input, .rate = rate, .watch = watch})
        .KeyBy(&Click::user)
        .Process<FindSessions>("find-sessions")
        .WriteCsv(out);
  });
}
