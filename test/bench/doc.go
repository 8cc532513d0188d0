// Package bench measures cairn: how many requests an audit takes and how long, in latencies of AWS rather than
// seconds, what it needs of processor and memory, how long it takes to judge, and to read log files. `make bench` runs it;
// peers.sh measures other tools on the same account, where they are installed.
//
// AWS is awsfake in a process of its own, which adds 50 ms to every request. Counts are asserted, and so is
// what a busy machine cannot spoil; times are printed.
package bench
