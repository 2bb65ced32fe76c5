// UniqueFunction: a callable that is moved, called and dropped by one owner. Closures that own
// batches or buffers cannot be copied, so std::function will not do, and std::move_only_function is
// not in C++20.
// Threads: a value; whoever owns it calls it.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "weir/base/check.h"

namespace weir::base {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT: converts by design
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, F&, Args...>)
  UniqueFunction(F&& f)  // NOLINT: converts by design
      : body_(std::make_unique<Body<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return body_ != nullptr; }

  R operator()(Args... args) {
    WEIR_CHECK(body_ != nullptr);
    return body_->Call(std::forward<Args>(args)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R Call(Args... args) = 0;
  };
  template <class F>
  struct Body final : Callable {
    explicit Body(F&& f) : function(std::move(f)) {}
    explicit Body(const F& f) : function(f) {}
    R Call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };
  std::unique_ptr<Callable> body_;
};

/// Work to be done once, by whoever it is handed to.
using Closure = UniqueFunction<void()>;

}  // namespace weir::base
