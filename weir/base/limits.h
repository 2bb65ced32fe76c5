// Every limit of Weir, with the reason beside it. A queue, map, retry or message without a limit
// here is a bug.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weir/base/time.h"

namespace weir::limits {

// Batches: enough records that the cost of handing one over (about 100 ns) vanishes, few enough
// that a batch stays in the first two cache levels.
inline constexpr uint32_t kBatchRecordsMax = 1024;
inline constexpr size_t kBatchBytesMax = 64 << 10;
// Bytes of strings and lists that pass through a batch before its rows give up what they own:
// bounds what a batch keeps when a long record comes to each row in time. Allocating anew once a
// megabyte costs nothing.
inline constexpr size_t kBatchTurnoverBytesMax = 1 << 20;

// Batches a channel within a process owns: one being filled, one being read and two between them.
// More would only add latency.
inline constexpr uint32_t kChannelBatches = 4;
// Elements that wait in a channel within a process: its batches, and so much control that a
// watermark between any two batches never blocks the barrier.
inline constexpr uint32_t kChannelElements = 16;

// A frame on a connection: small enough that frames of many channels interleave and a barrier waits
// for one at most.
inline constexpr size_t kFrameBytesMax = 32 << 10;
// Credits (frames) that a receiver grants to a channel at most: 256 KiB in flight for each.
inline constexpr uint32_t kChannelCreditsMax = 8;
// Control elements under way on a channel between processes. They need no credit for frames, so
// that a barrier leaves even when its channel is full; this bounds them.
inline constexpr uint32_t kChannelControlsMax = 16;
// Of the room for elements in a process, and for control elements between processes, what only
// barriers may take: whatever watermarks wait, a barrier that overtakes leaves at once, also when
// the checkpoints of three before it were given up and nobody has read them.
inline constexpr uint32_t kChannelBarriersMax = 4;
// Grants that arrived before the end that they are for was opened, over all peers: the channels of
// one worker in the largest job (a few hundred subtasks, each to each).
inline constexpr size_t kEarlyGrantsMax = 1 << 17;
// Connections to a worker that have not said yet whose they are: a worker per machine of a large
// cluster may connect at the same moment.
inline constexpr size_t kUnknownPeersMax = 1 << 12;
// A control message: the largest are a subtask's Restore and Acknowledge.
inline constexpr size_t kMessageBytesMax = 16 << 20;

// Key groups: a power of two; above 32,768 the tables of ranges outgrow what they describe.
inline constexpr uint32_t kMaxParallelismDefault = 256;
inline constexpr uint32_t kMaxParallelismMax = 32'768;

// A name of a job or operator: it becomes part of file names (255 bytes), beside numbers of ours.
inline constexpr size_t kNameBytesMax = 100;

// States of one operator: their presence bits share a row's head.
inline constexpr uint32_t kStatesPerOperatorMax = 16;
// Trivially copyable values up to this size lie in the row; larger ones are encoded beside it.
inline constexpr size_t kInlineValueBytesMax = 64;
// A segment of a table: the most that any one operation touches, and so what bounds the longest
// stall.
inline constexpr size_t kSegmentBytesMax = 64 << 10;
// One encoded key, value or record. Longer ones are refused by name: a gigabyte in one value is a
// mistake, and every decoder needs an end.
inline constexpr size_t kValueBytesMax = 64 << 20;
// One item of a map, key and value: three of them and a page of others are still a value.
inline constexpr size_t kMapItemBytesMax = 16 << 20;
// What the fragments of one channel may add up to: the longest record, behind other rows of its
// batch.
inline constexpr size_t kFragmentedBytesMax = kValueBytesMax + kFrameBytesMax;
// Nesting of schemas, so that a decoder's recursion has an end.
inline constexpr uint32_t kSchemaDepthMax = 32;

// A piece of a snapshot of keyed state: large enough that its head and its way to the pool vanish,
// small enough that one buffer for each key group and state can be held. A longer single entry
// makes a longer chunk.
inline constexpr size_t kSnapshotChunkBytes = 64 << 10;
// A block of a pack: what a restore must hold of it at once.
inline constexpr size_t kPackBlockBytesMax = 1 << 20;
// Bytes of a snapshot that wait for the pool, per subtask; beyond it the subtask takes no input.
inline constexpr size_t kSnapshotBufferBytesMax = 64 << 20;
// Keyed state between the store and a subtask's table during a restore, per subtask: sixteen blocks
// are some ms of a fast disk, so that neither side waits for the other; far below what a snapshot
// may hold, so that a restore needs no more memory than a checkpoint. A chunk that is longer passes
// alone.
inline constexpr size_t kRestoreBytesMax = 16 << 20;
// A pack that small lies in the history record itself: a file of its own would cost more than its
// bytes.
inline constexpr size_t kInlinePackBytesMax = 4 << 10;
// The body of a history record; a larger one is refused (ResourceExhausted).
inline constexpr size_t kHistoryRecordBytesMax = 16 << 20;
// Of a pack, all of which a reader holds: some two million chunks.
inline constexpr size_t kPackFooterBytesMax = 16 << 20;

// Take-overs that lose the race for the next number try again this often before they report a busy
// store.
inline constexpr uint32_t kTakeOverTriesMax = 100;
// Tries of one store operation that fails transiently, before the failure counts against the
// checkpoint.
inline constexpr uint32_t kStoreTriesMax = 5;
inline constexpr Duration kStoreRetryDelay = std::chrono::milliseconds(20);
// The delay doubles with each try up to this: a store that is back after an hour is noticed soon.
inline constexpr Duration kStoreRetryDelayMax = std::chrono::seconds(5);
// Records that wait to be appended: one checkpoint is under way at a time, the rest are savepoints,
// releases and the end.
inline constexpr size_t kHistoryAppendsMax = 64;
// Savepoints asked for and not yet taken: more is a client that loops.
inline constexpr size_t kSavepointRequestsMax = 100;
// Before a checkpoint that the job waits for (its first and its last one) is tried again.
inline constexpr Duration kUrgentCheckpointPause = std::chrono::seconds(1);
// Tries of one commit before the sink takes no more rows.
inline constexpr uint32_t kCommitTriesMax = 20;
// Between two tries of a commit: doubled from kStoreRetryDelay up to this, so that a store that
// comes back is noticed soon.
inline constexpr Duration kCommitRetryDelayMax = std::chrono::seconds(1);
// Closed batches of one sink subtask that may be committed but are not: beyond it the sink takes no
// rows until commits catch up.
inline constexpr size_t kCommitsBehindMax = 100;

// Splits of one source: each is in every checkpoint until it was read. Larger inputs get larger
// splits.
inline constexpr uint32_t kSplitsMax = 10'000;
// The header line of a CSV file: some thousand columns; beyond it the file is no CSV.
inline constexpr size_t kCsvHeaderBytesMax = 1 << 20;
// Of a dead letter's text: enough to see what it is, and far below what a batch may hold.
inline constexpr size_t kDeadLetterTextBytesMax = 64 << 10;
// A rate limit hands out at most what so long a pause saved up: twice what an idle thread sleeps,
// so that sleeping costs no rate.
inline constexpr Duration kRateBurstMax = std::chrono::milliseconds(20);
// Lines that wait for whoever reads the standard output, per subtask; beyond it the sink takes no
// rows.
inline constexpr size_t kPrintBytesMax = 1 << 20;
// Lines that wait for whoever is at the other end of a socket, per subtask; beyond it the sink
// takes no rows.
inline constexpr size_t kSocketSinkBytesMax = 1 << 20;
// Files that a sink subtask closes between two checkpoints because they are large or old: each is a
// descriptor until its checkpoint is taken. The last one grows instead.
inline constexpr size_t kRolledFilesMax = 100;
// A sink's uid in a file name, which may have 255 bytes.
inline constexpr size_t kFileUidBytesMax = 128;

// Work between two looks at the clock or the mailbox: about 1 ms.
inline constexpr Duration kTaskletSlice = std::chrono::milliseconds(1);
// An idle task thread looks again for this long before it parks: about what parking and waking
// would cost.
inline constexpr Duration kIdleSpin = std::chrono::microseconds(20);
// A parked thread looks again after this long, for what nobody wakes it for.
inline constexpr Duration kIdleParkMax = std::chrono::milliseconds(10);

// The name of a blob: below what any store and file system takes (S3: 1,024 bytes).
inline constexpr size_t kBlobNameBytesMax = 512;

// A peer that connected must have introduced itself by then; strangers do not hold descriptors for
// long.
inline constexpr Duration kHelloTimeout = std::chrono::seconds(5);
// A machine outside that does not answer a connect: far more than any network's round trip, and
// less than people wait before they look.
inline constexpr Duration kDialTimeout = std::chrono::seconds(10);
// Between two tries to connect outside, which double from the first on: a server that is back after
// an hour is noticed soon.
inline constexpr Duration kRedialPauseMax = std::chrono::seconds(30);
// What a byte stream reads at once.
inline constexpr size_t kStreamReadBytesMax = 64 << 10;
// Between tries to accept while descriptors are short.
inline constexpr Duration kAcceptRetryDelay = std::chrono::milliseconds(100);

// How often operators that wait for time to pass are looked at: as often as an idle thread looks
// again.
inline constexpr Duration kTickInterval = std::chrono::milliseconds(10);

// Between coordinator and worker: how often each says that it is there, and how long the
// coordinator waits before it believes that a worker is gone (a closed connection is believed at
// once).
inline constexpr Duration kHeartbeatInterval = std::chrono::milliseconds(500);
inline constexpr Duration kWorkerSuspectedAfter = std::chrono::seconds(5);
// A worker that has heard no coordinator for so long stops its subtasks: nobody could commit for
// them. Twice what a take-over needs.
inline constexpr Duration kWorkerSilenceMax = std::chrono::seconds(20);
inline constexpr Duration kReconnectDelay = std::chrono::milliseconds(50);
// A job that is cancelled ends after so long though its store does not answer.
inline constexpr Duration kCancelWait = std::chrono::seconds(1);

// Records that the calls of AsyncMap wait for, in all subtasks of an operator: they are a part of
// the checkpoint's record, whose bytes are bounded.
inline constexpr uint64_t kAsyncBytesMax = 4 << 20;
// Threads of one subtask whose functions wait.
inline constexpr uint32_t kAsyncThreadsMax = 1'024;

// Pages of metrics: few ask, briefly, and say little.
inline constexpr size_t kHttpConnectionsMax = 16;
inline constexpr size_t kHttpHeadBytesMax = 8 << 10;
inline constexpr Duration kHttpTimeout = std::chrono::seconds(10);

// Those who look at a job or stop it, through its control socket: people and their scripts.
inline constexpr size_t kControlConnectionsMax = 16;
// A process that does not answer a question for so long hangs, or was stopped. Well below
// kHelloTimeout, behind which the transport says that nobody is there.
inline constexpr Duration kControlAnswerTimeout = std::chrono::seconds(2);

}  // namespace weir::limits
