#include "weir/runtime/chain_driver.h"

#include <algorithm>
#include <utility>

#include "weir/base/check.h"
#include "weir/base/quoted.h"
#include "weir/runtime/user_code.h"

namespace weir::runtime {
namespace {

constexpr size_t kRecordBytesMax = 200;  // of one in a message

// What a user's function threw, with the record that it had: the line of the input that the user
// looks for.
Status WithRecord(const Status& status, const Input& input) {
  if (status.code() != StatusCode::kUnknown || input.in_hand >= input.batch.size()) return status;
  const record::TypeOps& type = input.batch.type();
  std::string text;
  const Status shown = CatchUserExceptions([&]() -> Status {
    type.AppendJson(input.batch, input.in_hand, text);
    return {};
  });
  if (!shown.ok()) return status;
  const bool is_text = type.schema().kind == record::TypeKind::kString;
  return Status(status.code(), Concat(status.message(), ", with the record ",
                                      is_text ? base::QuotedForMessage(text)
                                              : base::ShortForMessage(text, kRecordBytesMax)));
}

}  // namespace

ChainDriver::ChainDriver(const std::vector<const record::TypeOps*>& source_types,
                         std::vector<Node> nodes, std::vector<OutEdge> edges)
    : edges_(std::move(edges)) {
  if (!source_types.empty()) {
    source_output_ = std::make_unique<Output>(source_types);
    AddRoutes(Edge::kFromSource, source_output_->ports(), !nodes.empty(), source_routes_);
  }
  links_.reserve(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    Link link;
    link.output = std::make_unique<Output>(nodes[i].output_types);
    AddRoutes(static_cast<uint32_t>(i), link.output->ports(), i + 1 < nodes.size(), link.routes);
    link.node = std::move(nodes[i]);
    if (link.node.op->makes_watermarks()) link.time.emplace();
    links_.push_back(std::move(link));
  }
}

void ChainDriver::AddRoutes(uint32_t from, uint32_t ports, bool has_next,
                            std::vector<Route>& routes) {
  for (uint32_t port = 0; port < ports; ++port) {
    Route route;
    route.port = base::PortIndex(port);
    route.to_next = has_next && port == 0;
    for (uint32_t i = 0; i < edges_.size(); ++i) {
      if (edges_[i].from_operator == from && edges_[i].from_port == route.port)
        route.edges.push_back(i);
    }
    routes.push_back(std::move(route));
  }
}

void ChainDriver::Feed(base::PortIndex port, record::BatchPtr batch) {
  FeedHeld(0, port, std::move(batch));
}

void ChainDriver::FeedHeld(uint32_t op, base::PortIndex port, record::BatchPtr batch) {
  WEIR_CHECK(op < links_.size() && links_[op].input == nullptr && consumed_ == nullptr);
  WEIR_CHECK(controls_.empty());
  links_[op].port = port;
  links_[op].cursor = 0;
  links_[op].input = std::move(batch);
  links_[op].in.Add(*links_[op].input);
}

void ChainDriver::StartControl(const record::ControlElement& element) {
  if (std::holds_alternative<record::Barrier>(element)) return StartEdgeControl(element);
  StartFrom(0, element);
}

void ChainDriver::StartEdgeControl(const record::ControlElement& element) {
  StartFrom(0, element);
  controls_.back().at = controls_.back().end;
}

// Starts an element behind the output `place` (PlaceOf).
void ChainDriver::StartFrom(size_t place, const record::ControlElement& element) {
  const auto* watermark = std::get_if<record::Watermark>(&element);
  const bool last = (watermark != nullptr && watermark->time == kMaxTimestamp) ||
                    std::holds_alternative<record::EndOfInput>(element);
  time_is_over_ |= last;
  const bool of_time = !last && !std::holds_alternative<record::Barrier>(element);
  Control control{.element = element, .at = place, .first_edge = place};
  const size_t maker = of_time ? EndOfTime(place) : links_.size();
  control.end = std::min(maker + 1, links_.size());
  control.end_edge = maker + 1;
  controls_.push_back(control);
}

// The first operator from `from` on that makes watermarks.
size_t ChainDriver::EndOfTime(size_t from) const {
  while (from < links_.size() && !links_[from].time) ++from;
  return from;
}

// 0 for the source's edges (or the input of the chain), i + 1 for those of operator i.
size_t ChainDriver::PlaceOf(const OutEdge& edge) {
  return edge.from_operator == Edge::kFromSource ? 0 : edge.from_operator + size_t{1};
}

void ChainDriver::RestoreWatermarks(const SubtaskState& state, base::KeyGroupRange key_groups) {
  for (Link& link : links_) {
    link.watermark = WatermarkOf(state, link.node.uid, key_groups);
    for (const OperatorEventTime& part : state.event_times) {
      if (part.uid == link.node.uid)
        link.node.op->RestoreWatermark(part.key_groups, part.watermark);
    }
  }
}

std::optional<int64_t> ChainDriver::NextTimer() const {
  std::optional<int64_t> next;
  for (const Link& link : links_) {
    const auto timer = link.node.op->next_timer_unix_ms();
    if (timer && (!next || *timer < *next)) next = timer;
  }
  return next;
}

void ChainDriver::StartTimers(int64_t now_unix_ms) {
  for (size_t i = 0; i < links_.size(); ++i) {
    const auto timer = links_[i].node.op->next_timer_unix_ms();
    if (timer && *timer <= now_unix_ms)
      controls_.push_back({.element = {}, .now_unix_ms = now_unix_ms, .at = i, .end = i + 1});
  }
}

StatusOr<ChainDriver::Drive> ChainDriver::Run() {
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(Step step, StepRows());
    if (step == Step::kNothing && !controls_.empty()) {
      WEIR_ASSIGN_OR_RETURN(step, StepControl());
    }
    if (step == Step::kNothing) step = AskForTime();
    if (step == Step::kNothing) return Drive::kDrained;
    if (step == Step::kBlocked) return Drive::kBlocked;
  }
}

// Moves the deepest rows of the chain one step on.
StatusOr<ChainDriver::Step> ChainDriver::StepRows() {
  for (size_t i = links_.size(); i-- > 0;) {
    WEIR_ASSIGN_OR_RETURN(const Step out, StepOutput(*links_[i].output, links_[i].routes, i + 1));
    if (out != Step::kNothing) return out;
    if (links_[i].input != nullptr) return StepInput(i);
  }
  return source_output_ == nullptr ? Step::kNothing
                                   : StepOutput(*source_output_, source_routes_, 0);
}

// Hands one batch of an operator's output on.
StatusOr<ChainDriver::Step> ChainDriver::StepOutput(Output& output, std::vector<Route>& routes,
                                                    size_t next) {
  for (Route& route : routes) {
    if (route.leaving == nullptr) {
      route.leaving = output.TakeBatch(route.port, Output::Take::kAny);
      route.next_edge = 0;
      if (route.leaving == nullptr) continue;
      // What a source puts aside is not what came in.
      if (next > 0) links_[next - 1].out.Add(*route.leaving);
      if (next == 0 && route.port == base::PortIndex(0)) source_traffic_.Add(*route.leaving);
    }
    if (!route.edges.empty()) {
      WEIR_ASSIGN_OR_RETURN(const Step step, Leave(output, route));
      if (step == Step::kBlocked) return step;
    }
    if (route.leaving == nullptr) return Step::kDidSomething;
    if (route.to_next) {
      Link& link = links_[next];
      link.port = base::PortIndex(0);
      link.cursor = 0;
      link.input = std::move(route.leaving);
      link.in.Add(*link.input);
    } else {
      output.Recycle(route.port, std::move(route.leaving));  // nobody listens on this port
    }
    return Step::kDidSomething;
  }
  return Step::kNothing;
}

// Sends `route.leaving` to its partitions: the last consumer takes the rows, those before it
// copies.
StatusOr<ChainDriver::Step> ChainDriver::Leave(Output& output, Route& route) {
  while (route.next_edge < route.edges.size()) {
    exchange::ResultPartition& partition = *edges_[route.edges[route.next_edge]].partition;
    const bool last = !route.to_next && route.next_edge + 1 == route.edges.size();
    if (!last && route.copy == nullptr) {
      route.copy = std::make_unique<record::AnyBatch>(route.leaving->type());
      route.leaving->type().Copy(*route.leaving, 0, route.leaving->size(), *route.copy);
    }
    if (partition.Send(last ? *route.leaving : *route.copy) == exchange::SendResult::kBlocked) {
      WEIR_RETURN_IF_ERROR(partition.status());
      return Step::kBlocked;
    }
    route.copy = nullptr;
    ++route.next_edge;
    if (last) output.Recycle(route.port, std::move(route.leaving));
  }
  return Step::kDidSomething;
}

StatusOr<ChainDriver::Step> ChainDriver::StepInput(size_t index) {
  Link& link = links_[index];
  Input input{link.port, *link.input, link.cursor};
  auto outcome = CatchUserExceptions([&] { return link.node.op->Process(input, *link.output); });
  if (!outcome.ok()) return WithRecord(outcome.status(), input).Annotated(link.node.name());
  link.cursor = input.cursor;
  if (*outcome == Outcome::kBlocked) return Step::kBlocked;
  if (*outcome != Outcome::kNeedInput) return Step::kDidSomething;
  if (link.output->ports() == 0) rows_out_ += input.cursor;
  ReturnInput(index);
  return Step::kDidSomething;
}

// Gives a consumed batch back to whoever fills it again.
void ChainDriver::ReturnInput(size_t index) {
  record::BatchPtr batch = std::move(links_[index].input);
  if (index > 0) {
    links_[index - 1].output->Recycle(base::PortIndex(0), std::move(batch));
  } else if (source_output_ != nullptr) {
    source_output_->Recycle(base::PortIndex(0), std::move(batch));
  } else {
    consumed_ = std::move(batch);
  }
}

// What operators that make watermarks have to say about the rows that left them.
ChainDriver::Step ChainDriver::AskForTime() {
  for (size_t i = 0; i < links_.size() && !time_is_over_; ++i) {
    Link& link = links_[i];
    if (!link.time) continue;
    const WatermarkChange change = link.time->On(link.node.op->event_time());
    if (change.idle && !*change.idle) StartFrom(i + 1, record::Active{});
    if (change.watermark) StartFrom(i + 1, record::Watermark{*change.watermark});
    if (change.idle && *change.idle) StartFrom(i + 1, record::Idle{});
  }
  return controls_.empty() ? Step::kNothing : Step::kDidSomething;
}

StatusOr<ChainDriver::Step> ChainDriver::StepControl() {
  Control& control = controls_.front();
  if (control.at == control.end) return SendControl();
  Link& link = links_[control.at];
  const auto outcome = CatchUserExceptions([&] { return Show(control, link); });
  if (!outcome.ok()) return outcome.status().Annotated(link.node.name());
  if (*outcome == Outcome::kBlocked) return Step::kBlocked;
  if (*outcome == Outcome::kMoreOutput) return Step::kDidSomething;
  if (control.element) {
    if (const auto* watermark = std::get_if<record::Watermark>(&*control.element))
      link.watermark = std::max(link.watermark, watermark->time);
  }
  ++control.at;
  return Step::kDidSomething;
}

StatusOr<Outcome> ChainDriver::Show(const Control& control, Link& link) {
  Operator& op = *link.node.op;
  if (!control.element) return op.OnProcessingTime(control.now_unix_ms, *link.output);
  if (const auto* watermark = std::get_if<record::Watermark>(&*control.element)) {
    // After a restore an operator may be further than those in front of it.
    if (watermark->time <= link.watermark) return Outcome::kNeedInput;
    return op.OnWatermark(*watermark, *link.output);
  }
  if (std::holds_alternative<record::EndOfInput>(*control.element)) return op.OnEnd(*link.output);
  if (link.time) op.OnIdle(std::holds_alternative<record::Idle>(*control.element));
  return Outcome::kNeedInput;
}

// An edge that is full does not delay the others.
StatusOr<ChainDriver::Step> ChainDriver::SendControl() {
  Control& control = controls_.front();
  bool blocked = false;
  for (OutEdge& edge : edges_) {
    const size_t place = PlaceOf(edge);
    const bool leaves_here = place >= control.first_edge && place < control.end_edge;
    if (!control.leaving) edge.control_pending = control.element && leaves_here;
    if (!edge.control_pending) continue;
    edge.control_pending =
        edge.partition->SendControl(*control.element) == exchange::SendResult::kBlocked;
    if (!edge.control_pending) continue;
    WEIR_RETURN_IF_ERROR(edge.partition->status());
    blocked = true;
  }
  control.leaving = true;
  if (blocked) return Step::kBlocked;
  controls_.pop_front();
  return Step::kDidSomething;
}

void ChainDriver::ForEachHeld(const std::function<void(const Held&)>& visit) const {
  for (auto op = static_cast<uint32_t>(links_.size()); op-- > 0;) {
    const Link& link = links_[op];
    ShowOutput(op, *link.output, link.routes, visit);
    if (link.input == nullptr || link.cursor == link.input->size()) continue;
    visit({.op = op, .port = link.port, .edge = {}, .rows = *link.input, .begin = link.cursor});
  }
  if (source_output_ != nullptr)
    ShowOutput(Edge::kFromSource, *source_output_, source_routes_, visit);
}

// Shows what `op` has put out, once for each consumer that has not got it.
void ChainDriver::ShowOutput(uint32_t op, const Output& output, const std::vector<Route>& routes,
                             const std::function<void(const Held&)>& visit) const {
  for (const Route& route : routes) {
    const auto show = [&](const record::AnyBatch& batch, size_t first_edge) {
      for (size_t i = first_edge; i < route.edges.size(); ++i)
        visit({.op = op, .port = route.port, .edge = route.edges[i], .rows = batch});
      static_assert(Edge::kFromSource + 1 == 0);  // behind the source comes the head
      if (route.to_next)
        visit({.op = op + 1, .port = base::PortIndex(0), .edge = {}, .rows = batch});
    };
    if (route.leaving != nullptr) show(*route.leaving, route.next_edge + 1);
    output.ForEachBatch(route.port, [&](const record::AnyBatch& batch) { show(batch, 0); });
  }
}

bool ChainDriver::IsEnding() const {
  return std::ranges::any_of(controls_, [](const Control& control) {
    return control.at < control.end && control.element &&
           std::holds_alternative<record::EndOfInput>(*control.element);
  });
}

Status ChainDriver::Overtake(
    const record::Barrier& barrier,
    const std::function<void(uint32_t edge, const exchange::Overtaken&)>& visit) {
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    const auto visit_edge = [&](const exchange::Overtaken& overtaken) { visit(i, overtaken); };
    if (edges_[i].partition->Overtake(barrier, visit_edge) == exchange::SendResult::kBlocked)
      WEIR_RETURN_IF_ERROR(edges_[i].partition->status());
  }
  return {};
}

Status ChainDriver::Flush() {
  for (OutEdge& edge : edges_) {
    if (edge.partition->Flush() == exchange::SendResult::kBlocked)
      WEIR_RETURN_IF_ERROR(edge.partition->status());
  }
  return {};
}

bool ChainDriver::HasOpenRows() const {
  return std::ranges::any_of(edges_,
                             [](const OutEdge& edge) { return edge.partition->HasOpenRows(); });
}

void ChainDriver::SetWakeTarget(exchange::WakeTarget* target) {
  for (OutEdge& edge : edges_) edge.partition->SetWakeTarget(target);
}

}  // namespace weir::runtime
