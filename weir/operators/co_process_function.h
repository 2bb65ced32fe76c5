// Process functions of two inputs, whose records may differ in type.
//
//   class Enrich : public weir::KeyedCoProcessFunction<int64_t, Order, Customer, Enriched> {
//    public:
//     void ProcessElement1(const Order&, Context&, weir::Collector<Enriched>&) override;
//     void ProcessElement2(const Customer&, Context&, weir::Collector<Enriched>&) override;
//
//    private:
//     weir::ValueState<Customer> customer_{this, "customer"};
//   };
//
//   orders.KeyBy(&Order::customer)
//       .Connect(customers.KeyBy(&Customer::id))
//       .Process<Enrich>("enrich");
//
// Order: records of one sending subtask come in their order; those of two, or of the two inputs, in
// any. Whatever needs both keeps what came first in state. The rest is as in process_function.h.
// Threads: one caller at a time: the subtask's thread. An exception fails the attempt.
#pragma once

#include "weir/operators/process_function.h"

namespace weir {
inline namespace v0 {

/// Both inputs are keyed, by keys of one type: state is shared between the two.
template <class K, class In1, class In2, class Out>
class KeyedCoProcessFunction : public StateOwner {
 public:
  using FunctionBase = KeyedCoProcessFunction;  // for the engine
  using Context = KeyedContext<K>;              // what the methods are given

  virtual ~KeyedCoProcessFunction() = default;
  /// As those of KeyedProcessFunction.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }
  virtual Status Start() { return OkStatus(); }

  /// Handles one record of the first (second) input.
  virtual void ProcessElement1(const In1& in, Context& context, Collector<Out>& out) = 0;
  virtual void ProcessElement2(const In2& in, Context& context, Collector<Out>& out) = 0;

  /// As KeyedProcessFunction::OnTimer.
  virtual void OnTimer(Timestamp time, Context& context, Collector<Out>& out) {
    (void)time, (void)context, (void)out;
  }
};

/// Neither input is keyed.
template <class In1, class In2, class Out>
class CoProcessFunction : public StateOwner {
 public:
  using FunctionBase = CoProcessFunction;  // for the engine
  using Context = ProcessContext;          // what the methods are given

  virtual ~CoProcessFunction() = default;
  /// As those of KeyedProcessFunction.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }
  virtual Status Start() { return OkStatus(); }
  /// Handles one record of the first (second) input.
  virtual void ProcessElement1(const In1& in, Context& context, Collector<Out>& out) = 0;
  virtual void ProcessElement2(const In2& in, Context& context, Collector<Out>& out) = 0;
};

/// A keyed stream, and one that is broadcast: rules, prices, switches. BroadcastState members are
/// what is known of the second by then.
template <class K, class In, class Rule, class Out>
class KeyedBroadcastProcessFunction : public StateOwner {
 public:
  using FunctionBase = KeyedBroadcastProcessFunction;  // for the engine
  using Context = KeyedContext<K>;                     // what the methods are given
  using BroadcastContext = ProcessContext;             // what the methods are given

  virtual ~KeyedBroadcastProcessFunction() = default;
  /// As those of KeyedProcessFunction.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }
  virtual Status Start() { return OkStatus(); }

  /// Handles one record of the keyed stream. Broadcast state can be read.
  virtual void ProcessElement(const In& in, Context& context, Collector<Out>& out) = 0;

  /// Handles one record of the broadcast stream, in every subtask. There is no key; broadcast state
  /// is changed here, and in the same way by all: what differs between subtasks may not enter it.
  virtual void ProcessBroadcastElement(const Rule& rule, BroadcastContext& context,
                                       Collector<Out>& out) = 0;

  /// As KeyedProcessFunction::OnTimer.
  virtual void OnTimer(Timestamp time, Context& context, Collector<Out>& out) {
    (void)time, (void)context, (void)out;
  }
};

/// The same behind no KeyBy.
template <class In, class Rule, class Out>
class BroadcastProcessFunction : public StateOwner {
 public:
  using FunctionBase = BroadcastProcessFunction;  // for the engine
  using Context = ProcessContext;                 // what the methods are given
  using BroadcastContext = ProcessContext;        // what the methods are given

  virtual ~BroadcastProcessFunction() = default;
  /// As those of KeyedProcessFunction.
  virtual void Open(RuntimeContext& runtime) { (void)runtime; }
  virtual Status Start() { return OkStatus(); }
  /// As those of KeyedBroadcastProcessFunction.
  virtual void ProcessElement(const In& in, Context& context, Collector<Out>& out) = 0;
  virtual void ProcessBroadcastElement(const Rule& rule, BroadcastContext& context,
                                       Collector<Out>& out) = 0;
};

}  // namespace v0
}  // namespace weir
