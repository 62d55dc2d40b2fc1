// Stands for the optional packages of Nest, which the Worker does not use and the bundler does not find.
module.exports = {};
