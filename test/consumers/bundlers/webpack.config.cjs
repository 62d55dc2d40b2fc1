const { join } = require('node:path');

/** The configuration that Nest's documentation gives for serverless platforms: one file with all dependencies. */
module.exports = (options, webpack) => {
  const lazyImports = ['@nestjs/microservices/microservices-module', '@nestjs/websockets/socket-module'];
  return {
    ...options,
    externals: [],
    output: { ...options.output, path: join(__dirname, 'bundles', 'webpack'), libraryTarget: 'commonjs2' },
    plugins: [
      ...options.plugins,
      new webpack.IgnorePlugin({
        checkResource(resource) {
          if (!lazyImports.includes(resource)) return false;
          try {
            require.resolve(resource);
          } catch {
            return true;
          }
          return false;
        },
      }),
    ],
  };
};
