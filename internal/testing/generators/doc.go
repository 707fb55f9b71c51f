// Package generators tests what public generators make of the API's description:
// clients that compile strictly and work, and types of the record API.
package generators
