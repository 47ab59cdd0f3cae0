// Package rest stands in for the client-go package of that name: there is no network in the renderer.
package rest

// Config would say how to reach an API server.
type Config struct{}
