// Package rest has the semantics of Django REST Framework 3.15 that the
// documented API shares: views with methods and permissions, content
// negotiation, parsers, fields with their error messages, ordering, filters,
// pagination and error bodies. It knows no patients.
package rest
