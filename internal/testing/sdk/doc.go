// Package sdk proves that PocketBase's official JavaScript SDK works with
// Carebase: the .mjs files use it as a page or a Node program would, against a
// server that the Go test starts.
package sdk
