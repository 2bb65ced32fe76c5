// KeyHasher: gives each row the hash of its key. It ends the chain in front of a hash edge.
//
// A key selector is a pure function: downstream calls it again, and only the hash travels. The hash
// is key hash v1 (docs/formats/key-hash.md) with the job's seed.
// Threads: the subtask's.
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/operators/in_place.h"
#include "weir/operators/user_function.h"
#include "weir/record/type_traits.h"
#include "weir/runtime/operator.h"

namespace weir::operators {

/// What a selector makes of a row; a key owns its bytes.
template <class Selector, class T>
using KeyOf = std::remove_cvref_t<std::invoke_result_t<const Selector&, const T&>>;

/// Whether `Selector` selects a key of Ts; if not, says why.
template <class Selector, class T>
constexpr bool CheckSelector() {
  constexpr bool kCallable = std::is_invocable_v<const Selector&, const T&>;
  static_assert(kCallable,
                "give KeyBy a pointer to a field (&Click::page) or a function that takes `const "
                "T&` and changes nothing");
  if constexpr (kCallable) {
    using Key = KeyOf<Selector, T>;
    static_assert(!IsBorrowed<Key>::value,
                  "return a key that owns its bytes, such as std::string: state outlives the "
                  "record that a pointer, std::string_view or std::span looks into");
    static_assert(IsBorrowed<Key>::value || FieldType<Key>,
                  "select a key that Weir can store: an integer, a text, a struct with "
                  "WEIR_RECORD, or a type for which you specialise weir::TypeTraits");
    return !IsBorrowed<Key>::value && FieldType<Key>;
  }
  return false;
}

/// The failure of a row whose key is, or contains, NaN.
/// Shapes: `place` is where the program says KeyBy.
Status NanKeyError(const std::string& place);

template <class T, class Selector>
class KeyHasher final : public runtime::Operator {
 public:
  using Out = T;
  using Key = KeyOf<Selector, T>;
  struct Description {
    Selector selector;
    std::string place;
  };
  static constexpr const char* kKind = "key-by";

  explicit KeyHasher(const Description& description) : description_(description) {}

  Status Open(const runtime::OperatorContext& context) override {
    hash_seed_ = context.hash_seed;
    return {};
  }
  Status Start() override { return {}; }

  StatusOr<runtime::Outcome> Process(runtime::Input& input, runtime::Output& output) override {
    record::AnyBatch& batch = input.batch;
    const base::HashSeed seed = hash_seed_;
    LoopCopy<Selector> selector = description_.selector;
    const T* rows = std::as_const(batch).template Rows<T>();
    const uint32_t size = batch.size();
    uint64_t* hashes = batch.AddHashes();
    bool valid = true;
    uint32_t i = 0;
    const RowInHand hand(input, i);
    for (; i < size; ++i) {
      const Key& key = std::invoke(selector, rows[i]);
      hashes[i] = TypeTraits<Key>::Hash(seed, key);
      valid &= TypeTraits<Key>::ValidKey(key);
    }
    if (!valid) return NanKeyError(description_.place);
    ForwardWhole(input, output);
    return runtime::Outcome::kNeedInput;
  }

 private:
  const Description description_;
  base::HashSeed hash_seed_ = 0;
};

}  // namespace weir::operators
