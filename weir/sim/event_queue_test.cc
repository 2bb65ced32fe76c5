#include "weir/sim/event_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::sim {
namespace {

class EventQueueTest : public testing::Test {
 protected:
  EventId Add(int time, OwnerId owner, ActorId actor = ActorId{0}) {
    const EventId id{.time = base::Instant(Duration(time)), .tie = 0, .number = ++last_number_};
    queue_.Add(
        id, Event{.kind = EventKind::kClosure, .owner = owner, .actor = actor, .run = [this, time] {
                    ran_.push_back(time);
                  }});
    return id;
  }
  std::vector<int> RunAll() {
    while (queue_.first() != nullptr) queue_.TakeFirst().run();
    return std::exchange(ran_, {});
  }
  EventQueue queue_;
  uint64_t last_number_ = 0;
  std::vector<int> ran_;
};

constexpr OwnerId kOne{1};
constexpr OwnerId kTwo{2};
using Times = std::vector<int>;

TEST_F(EventQueueTest, RunsInTheOrderOfTime) {
  for (const int time : {5, 1, 4, 2, 3}) Add(time, kOne);
  EXPECT_EQ(RunAll(), (Times{1, 2, 3, 4, 5}));
}

TEST_F(EventQueueTest, DropsOneAllOfAnOwnerOrAllOfAnActor) {
  Add(1, kOne);
  Add(2, kTwo);
  Add(3, kTwo, ActorId{7});
  Add(4, kOne, ActorId{7});
  const EventId dropped = Add(5, kTwo);
  Add(6, kTwo);
  queue_.Erase(dropped);
  queue_.Erase(dropped);
  queue_.EraseOwner(kOne);
  queue_.EraseActor(ActorId{7});
  EXPECT_EQ(queue_.size(), 2u);
  EXPECT_EQ(RunAll(), (Times{2, 6}));
}

TEST_F(EventQueueTest, HeldEventsComeBackInTheirOrder) {
  Add(1, kOne);
  Add(2, kTwo);
  Add(3, kOne);
  queue_.Hold(kOne);
  Add(4, kOne);
  EXPECT_EQ(RunAll(), (Times{2}));
  queue_.Release(kOne);
  EXPECT_EQ(RunAll(), (Times{1, 3, 4}));
}

TEST_F(EventQueueTest, HeldEventsCanBeDroppedAndMoved) {
  queue_.Hold(kOne);
  const EventId dropped = Add(1, kOne);
  const EventId moved = Add(2, kOne);
  Add(3, kOne);
  queue_.Erase(dropped);
  queue_.Move(moved, EventId{.time = base::Instant(Duration(9)), .tie = 0, .number = 100});
  queue_.Move(dropped, EventId{.time = base::Instant(Duration(9)), .tie = 0, .number = 101});
  queue_.Release(kOne);
  EXPECT_EQ(RunAll(), (Times{3, 2}));
}

}  // namespace
}  // namespace weir::sim
