// Package archtest holds the tests that keep the house in order: who may import whom, how long
// a file or a function may grow, that every package says what it is for. It has no other code.
package archtest
