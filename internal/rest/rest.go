// Package rest implements the semantics of Django REST Framework (DRF) 3.15 that
// the documented API follows: views with methods and permissions, content
// negotiation, parsers, fields and their error messages, ordering, filters,
// pagination and error bodies. It knows nothing of the domain.
package rest
