import com.hivemq.configuration.service.InternalConfigurations;
import com.hivemq.embedded.EmbeddedHiveMQ;
import java.nio.file.Path;

/**
 * HiveMQ Community Edition on a directory that holds `conf/config.xml`, and will hold its data. Embedded,
 * it lets everybody in, where the download needs an extension for that. With a second argument it ends once
 * it listens.
 */
class Launcher {
    public static void main(String[] arguments) throws Exception {
        // Of files kept in parallel. With the default of 64 an empty broker takes 500 MB of disk.
        InternalConfigurations.PERSISTENCE_BUCKET_COUNT.set(4);
        InternalConfigurations.PAYLOAD_PERSISTENCE_BUCKET_COUNT.set(4);
        var dir = Path.of(arguments[0]);
        var broker = EmbeddedHiveMQ.builder()
                .withConfigurationFolder(dir.resolve("conf"))
                .withDataFolder(dir.resolve("data"))
                .withExtensionsFolder(dir.resolve("extensions"))
                .build();
        try {
            broker.start().get();
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
        if (arguments.length > 1) {
            System.exit(0);
        }
        Thread.currentThread().join();
    }
}
