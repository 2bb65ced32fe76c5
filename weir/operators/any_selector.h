// AnySelector: a key selector whose type is forgotten. It makes the keys of a whole batch in one
// virtual call.
// Threads: const methods from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>

namespace weir::operators {

template <class K, class T>
class AnySelector {
 public:
  template <class Selector>
  explicit AnySelector(Selector selector)
      : body_(std::make_shared<const Body<Selector>>(std::move(selector))) {}

  /// Shapes: keys[i] becomes the key of rows[i]; the two are of one size.
  void Select(std::span<const T> rows, std::span<K> keys) const { body_->Select(rows, keys); }

 private:
  struct Selecting {
    virtual ~Selecting() = default;
    virtual void Select(std::span<const T> rows, std::span<K> keys) const = 0;
  };
  template <class Selector>
  struct Body final : Selecting {
    explicit Body(Selector s) : selector(std::move(s)) {}
    void Select(std::span<const T> rows, std::span<K> keys) const override {
      for (size_t i = 0; i < rows.size(); ++i) keys[i] = std::invoke(selector, rows[i]);
    }
    const Selector selector;
  };
  std::shared_ptr<const Selecting> body_;  // shared by the operators of all subtasks
};

}  // namespace weir::operators
