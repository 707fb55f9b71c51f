// Package sdk tests that PocketBase's official JavaScript SDK works with Carebase.
// The Go test starts a server; the .mjs files use it through the SDK.
package sdk
