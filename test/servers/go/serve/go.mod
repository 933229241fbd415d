module latchkey.test/serve

go 1.24.6
