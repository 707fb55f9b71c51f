// Package extending applies the worked example of docs/extending.md to a copy of
// the tree and tests the result.
package extending
