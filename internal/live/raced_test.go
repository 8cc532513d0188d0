//go:build race

package live_test

// raced: the race detector makes the store's SQLite thirty times slower, so of the stories of days it runs a sample; make
// test runs all of them once more without it.
const raced = true
