// Package kubernetes stands in for the client-go package of that name: there is no network in the renderer.
package kubernetes

// Interface would be the typed client.
type Interface interface{}
